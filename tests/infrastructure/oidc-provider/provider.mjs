// A real OpenID provider for the tests: `node provider.mjs CONFIG.json`; prints "ready" once it listens.
// Everything that a test varies stands in the configuration: keys, clients, people, lifetimes.
import { readFileSync } from 'node:fs';
import { createSecretKey } from 'node:crypto';
import Provider from 'oidc-provider';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const provider = new Provider(config.issuer, {
  jwks: { keys: config.keys },
  clients: config.clients.map(({ claims, ...metadata }) => metadata),
  cookies: { keys: [config.cookieKey] },
  // ID tokens carry the claims themselves, or userinfo does: both kinds of provider exist.
  conformIdTokenClaims: config.claimsByUserinfo,
  claims: { openid: ['sub'], borgerting: config.claims },
  scopes: ['openid', 'borgerting'],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'PS256', 'HS256'] },
  ttl: { IdToken: config.idTokenSeconds, AuthorizationCode: 60 },
  async findAccount(ctx, id) {
    const claims = config.people[id];
    return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
  },
  async extraTokenClaims(ctx, token) {
    const client = config.clients.find(({ client_id: id }) => id === token.clientId);
    return token.kind === 'ClientCredentials' ? client.claims : undefined;
  },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // `resource` picks one of the configuration's APIs: audience, algorithm and lifetime of its tokens.
      getResourceServerInfo(ctx, resource) {
        const { audience, alg, secret, seconds } = config.resources[resource];
        const sign = secret ? { alg, key: createSecretKey(Buffer.from(secret)) } : { alg };
        return { scope: '', audience, accessTokenTTL: seconds, accessTokenFormat: 'jwt', jwt: { sign } };
      },
    },
  },
});

// Behind something that ends TLS, it has to believe what that says of the way people came.
provider.proxy = config.behindProxy;

const server = provider.listen(config.port, '127.0.0.1', () => process.stdout.write('ready\n'));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
