-- The databases and roles of Borgerting's services. Run it as a superuser: psql -f FILE postgres
-- Again and again is harmless: what is there stays. Made by `borgerting database sql`.
\set ON_ERROR_STOP on


-- borgerting_deliberation: the login may do nothing itself, and takes the role borgerting_deliberation_app or borgerting_deliberation_worker in each transaction.
SELECT format('CREATE ROLE %I %s', name, options) FROM (VALUES
    ('borgerting_deliberation_owner', 'LOGIN NOINHERIT'),
    ('borgerting_deliberation_app', 'NOLOGIN NOINHERIT'),
    ('borgerting_deliberation_worker', 'NOLOGIN NOINHERIT'),
    ('borgerting_deliberation', 'LOGIN NOINHERIT')
  ) AS wanted (name, options)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
\if :{?borgerting_deliberation_owner_password}
ALTER ROLE borgerting_deliberation_owner PASSWORD :'borgerting_deliberation_owner_password';
\endif
\if :{?borgerting_deliberation_password}
ALTER ROLE borgerting_deliberation PASSWORD :'borgerting_deliberation_password';
\endif
GRANT borgerting_deliberation_app, borgerting_deliberation_worker TO borgerting_deliberation;
-- A collation of plain bytes: the same order on every machine, and as SQLite has it.
SELECT 'CREATE DATABASE borgerting_deliberation OWNER borgerting_deliberation_owner TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'borgerting_deliberation')
\gexec
REVOKE ALL ON DATABASE borgerting_deliberation FROM PUBLIC;
GRANT CONNECT ON DATABASE borgerting_deliberation TO borgerting_deliberation, borgerting_deliberation_owner;
\connect borgerting_deliberation
ALTER SCHEMA public OWNER TO borgerting_deliberation_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO borgerting_deliberation_app, borgerting_deliberation_worker;


-- borgerting_followup: the login may do nothing itself, and takes the role borgerting_followup_app or borgerting_followup_worker in each transaction.
SELECT format('CREATE ROLE %I %s', name, options) FROM (VALUES
    ('borgerting_followup_owner', 'LOGIN NOINHERIT'),
    ('borgerting_followup_app', 'NOLOGIN NOINHERIT'),
    ('borgerting_followup_worker', 'NOLOGIN NOINHERIT'),
    ('borgerting_followup', 'LOGIN NOINHERIT')
  ) AS wanted (name, options)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
\if :{?borgerting_followup_owner_password}
ALTER ROLE borgerting_followup_owner PASSWORD :'borgerting_followup_owner_password';
\endif
\if :{?borgerting_followup_password}
ALTER ROLE borgerting_followup PASSWORD :'borgerting_followup_password';
\endif
GRANT borgerting_followup_app, borgerting_followup_worker TO borgerting_followup;
-- A collation of plain bytes: the same order on every machine, and as SQLite has it.
SELECT 'CREATE DATABASE borgerting_followup OWNER borgerting_followup_owner TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'borgerting_followup')
\gexec
REVOKE ALL ON DATABASE borgerting_followup FROM PUBLIC;
GRANT CONNECT ON DATABASE borgerting_followup TO borgerting_followup, borgerting_followup_owner;
\connect borgerting_followup
ALTER SCHEMA public OWNER TO borgerting_followup_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO borgerting_followup_app, borgerting_followup_worker;


-- borgerting_sortition: the login may do nothing itself, and takes the role borgerting_sortition_app or borgerting_sortition_worker in each transaction.
SELECT format('CREATE ROLE %I %s', name, options) FROM (VALUES
    ('borgerting_sortition_owner', 'LOGIN NOINHERIT'),
    ('borgerting_sortition_app', 'NOLOGIN NOINHERIT'),
    ('borgerting_sortition_worker', 'NOLOGIN NOINHERIT'),
    ('borgerting_sortition', 'LOGIN NOINHERIT')
  ) AS wanted (name, options)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
\if :{?borgerting_sortition_owner_password}
ALTER ROLE borgerting_sortition_owner PASSWORD :'borgerting_sortition_owner_password';
\endif
\if :{?borgerting_sortition_password}
ALTER ROLE borgerting_sortition PASSWORD :'borgerting_sortition_password';
\endif
GRANT borgerting_sortition_app, borgerting_sortition_worker TO borgerting_sortition;
-- A collation of plain bytes: the same order on every machine, and as SQLite has it.
SELECT 'CREATE DATABASE borgerting_sortition OWNER borgerting_sortition_owner TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'borgerting_sortition')
\gexec
REVOKE ALL ON DATABASE borgerting_sortition FROM PUBLIC;
GRANT CONNECT ON DATABASE borgerting_sortition TO borgerting_sortition, borgerting_sortition_owner;
\connect borgerting_sortition
ALTER SCHEMA public OWNER TO borgerting_sortition_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO borgerting_sortition_app, borgerting_sortition_worker;


-- borgerting_volunteer: the login may do nothing itself, and takes the role borgerting_volunteer_app or borgerting_volunteer_worker in each transaction.
SELECT format('CREATE ROLE %I %s', name, options) FROM (VALUES
    ('borgerting_volunteer_owner', 'LOGIN NOINHERIT'),
    ('borgerting_volunteer_app', 'NOLOGIN NOINHERIT'),
    ('borgerting_volunteer_worker', 'NOLOGIN NOINHERIT'),
    ('borgerting_volunteer', 'LOGIN NOINHERIT')
  ) AS wanted (name, options)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
\if :{?borgerting_volunteer_owner_password}
ALTER ROLE borgerting_volunteer_owner PASSWORD :'borgerting_volunteer_owner_password';
\endif
\if :{?borgerting_volunteer_password}
ALTER ROLE borgerting_volunteer PASSWORD :'borgerting_volunteer_password';
\endif
GRANT borgerting_volunteer_app, borgerting_volunteer_worker TO borgerting_volunteer;
-- A collation of plain bytes: the same order on every machine, and as SQLite has it.
SELECT 'CREATE DATABASE borgerting_volunteer OWNER borgerting_volunteer_owner TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'borgerting_volunteer')
\gexec
REVOKE ALL ON DATABASE borgerting_volunteer FROM PUBLIC;
GRANT CONNECT ON DATABASE borgerting_volunteer TO borgerting_volunteer, borgerting_volunteer_owner;
\connect borgerting_volunteer
ALTER SCHEMA public OWNER TO borgerting_volunteer_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO borgerting_volunteer_app, borgerting_volunteer_worker;

