"""The ingress controller and gateway of a test cluster: nginx in a pod, with routes made from the Ingress,
GRPCRoute and BackendTLSPolicy objects that stand there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.infrastructure import nginx
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.kube_objects import (
    Object,
    config,
    listening,
    machine_pod,
    namespace,
    of_config,
    service,
)

NAMESPACE = "ingress-nginx"
SITE_PORT, SECURE_SITE_PORT, CALLS_PORT = 30080, 30443, 30090
"""On the node's address: pages, pages by TLS, and gRPC in the clear."""

_SITES = "/tmp/sites"  # noqa: S108 - in its pod
_CONFIG = """
daemon off; worker_processes 2; pid /tmp/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; server_tokens off;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  resolver 10.96.0.10 valid=1s ipv6=off;
  proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header Connection "";
  proxy_set_header X-Forwarded-Proto $scheme;
  client_max_body_size 260m; proxy_read_timeout 120s; grpc_read_timeout 120s;
  # As a controller answers for a host that nobody asked it to serve.
  server { listen 8080 default_server; return 404; }
  server { listen 8443 ssl default_server; ssl_reject_handshake on; return 404; }
  server { listen 9090 http2 default_server; return 404; }
  include /tmp/sites/*.conf;
}
"""

# A reload is only asked for: until nginx has come to it, workers of before answer as before.
_RELOAD = """
title() { tr '\\0' ' ' 2>/dev/null < /proc/$1/cmdline; }
before=$(for each in /proc/[0-9]*; do
  case "$(title ${each#/proc/})" in "nginx: worker"*) echo ${each#/proc/};; esac
done)
answers() {
  for each in $before; do
    case "$(title $each)" in *"shutting down"*) ;; "nginx: worker"*) return 0;; esac
  done
  return 1
}
nginx -e stderr -c /config/nginx.conf -t -q
nginx -e stderr -c /config/nginx.conf -s reload
left=600
while answers; do
  left=$((left - 1)); [ $left -gt 0 ] || { echo "nginx did not take its new routes" >&2; exit 1; }
  sleep 0.05
done
"""


class Controller:
    """`ca` is in PEM: who signs the certificates of what it calls."""

    def __init__(self, cluster: Cluster, ca: str) -> None:
        self._cluster, self._ca = cluster, ca

    def objects(self) -> list[Object]:
        start = f"mkdir {_SITES}; exec {nginx.find()} -e stderr -c /config/nginx.conf"
        mounts = {"/config": of_config("controller")}
        return [
            namespace(NAMESPACE),
            config("controller", NAMESPACE, {"nginx.conf": _CONFIG, "ca.crt": self._ca}),
            machine_pod("controller", NAMESPACE, start, ready=listening(8080), mounts=mounts),
            service("controller", NAMESPACE, {8080: SITE_PORT, 8443: SECURE_SITE_PORT, 9090: CALLS_PORT}),
        ]

    def follow(self) -> None:
        """Do what the objects in the cluster say now."""
        ports = {
            (each["metadata"]["namespace"], each["metadata"]["name"], port["name"]): port["port"]
            for each in self._cluster.items("services")
            for port in each["spec"]["ports"]
            if "name" in port
        }
        sites = [_site(each, ports) for each in self._cluster.items("ingress")]
        known = self._cluster.kubectl("api-resources", "--output", "name").split()
        if "grpcroutes.gateway.networking.k8s.io" in known:
            policies = self._cluster.items("backendtlspolicies")
            sites += [_calls(each, policies) for each in self._cluster.items("grpcroutes")]
        self._does(f"cat > {_SITES}/all.conf; {_RELOAD}", "\n".join(sites))

    def hold_certificate(self, host: str, certificate: Mapping[str, str]) -> None:
        """What an Ingress's TLS secret is to a controller."""
        self._does(f"umask 077; cat > {_SITES}/{host}.pem", certificate["tls.crt"] + certificate["tls.key"])

    def _does(self, script: str, given: str) -> None:
        where = ("--namespace", NAMESPACE, "controller", "--")
        self._cluster.kubectl("exec", "-i", *where, "sh", "-ec", script, given=given)


def _site(ingress: Object, ports: Mapping[tuple[str, str, str], int]) -> str:
    """The servers of an Ingress whose paths are whole segments (Prefix)."""
    space, made = ingress["metadata"]["namespace"], ""
    secured = {host for each in ingress["spec"].get("tls", []) for host in each["hosts"]}
    for rule in ingress["spec"]["rules"]:
        host, places = rule["host"], ""
        for path in rule["http"]["paths"]:
            if path["pathType"] != "Prefix":
                raise ValueError(f"a path type that is not looked after here: {path}")
            to = path["backend"]["service"]
            address = f"{_name(to['name'], space)}:{ports[space, to['name'], to['port']['name']]}"
            segment = path["path"].rstrip("/")
            for match in [f"= {segment}", f"{segment}/"] if segment else ["/"]:
                places += f"  location {match} {{ set $to {address}; proxy_pass http://$to; }}\n"
        listen = "listen 8080;"
        if host in secured:
            pem = f"{_SITES}/{host}.pem"
            listen = f"listen 8443 ssl; ssl_certificate {pem}; ssl_certificate_key {pem};"
        made += f"server {{\n  {listen} server_name {host};\n{places}}}\n"
    return made


def _calls(route: Object, policies: Iterable[Object]) -> str:
    """The server of a GRPCRoute; it calls by TLS where a BackendTLSPolicy says so."""
    space, places = route["metadata"]["namespace"], ""
    secured = {
        target["name"]: policy["spec"]["validation"]["hostname"]
        for policy in policies
        for target in policy["spec"]["targetRefs"]
        if policy["metadata"]["namespace"] == space
    }
    for rule in route["spec"]["rules"]:
        [backend] = rule["backendRefs"]
        scheme, trust = "grpc", ""
        if hostname := secured.get(backend["name"]):
            scheme = "grpcs"
            trust = "grpc_ssl_verify on; grpc_ssl_trusted_certificate /config/ca.crt; "
            trust += f"grpc_ssl_server_name on; grpc_ssl_name {hostname}; "
        to = f"{_name(backend['name'], space)}:{backend['port']}"
        for match in rule["matches"]:
            called = match["method"]["service"]
            places += f"  location /{called}/ {{ set $to {to}; {trust}grpc_pass {scheme}://$to; }}\n"
    return (
        f"server {{\n  listen 9090 http2; server_name {' '.join(route['spec']['hostnames'])};\n{places}}}\n"
    )


def _name(service_name: str, space: str) -> str:
    return f"{service_name}.{space}.svc.cluster.local"
