#!/usr/bin/env bash
# The first process in a cluster's namespaces (cluster.sh starts it): mounts, network, then every part of Kubernetes.
set -euo pipefail
here=$(dirname "$(realpath "$0")") dir=$1
bin=$(cat "$dir/bin"); PATH=$bin:$PATH; cd "$dir"; umask 022
pods=10.244.0.0/16 services=10.96.0.0/16 dns=10.96.0.10 port=6443

mounts() {
  hostname node; mount -n -t tmpfs -o mode=755 tmpfs /run; mount --make-rshared /
  mount -t sysfs sysfs /sys; mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    [ -n "$controllers" ] || continue
    local at=/sys/fs/cgroup/${controllers#name=}; mkdir "$at"
    mount -t cgroup -o "${controllers/#name=/none,name=}" cgroup "$at" || rmdir "$at"
  done < /proc/self/cgroup
  mkdir -p kubelet pods containerd cni volumes/{1,2} etc log /run/lock; chmod 777 volumes/*
  for at in /opt /var/lib /var/log; do # what is written there lands in DIR
    mkdir -p "written$at" "written/work$at"
    mount -t overlay -o "lowerdir=$at,upperdir=$dir/written$at,workdir=$dir/written/work$at" overlay "$at"
  done
  # The kubelet would set these for the whole machine; it leaves them alone where they look right.
  for pair in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    local name=${pair%=*}; echo "${pair#*=}" > "etc/${name//\//.}"; mount --bind "etc/${name//\//.}" "/proc/sys/$name"
  done
  : > etc/pods-resolv.conf # for pods with dnsPolicy Default, CoreDNS among them
  printf 'nameserver %s\nsearch svc.cluster.local cluster.local\noptions ndots:3\n' $dns > etc/resolv.conf
  mount --bind etc/resolv.conf "$(realpath /etc/resolv.conf)"
}

network() {
  until [ -s address ] && ip link show node0 >/dev/null 2>&1; do sleep 0.05; done
  node=$(cat address)
  ip link set lo up; ip addr add "$node/30" dev node0; ip link set node0 up
  ip route add default via "${node%1}2" dev node0
  echo 1 > /proc/sys/net/ipv4/ip_forward
  cat > cni/10-pods.conflist <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "ptp", "ipMasq": false, "mtu": 1500, "ipam": {"type": "host-local", "dataDir": "/run/cni/pods",
   "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
}

certificate() { # NAME SUBJECT CA [ALTERNATIVE NAMES]
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "pki/$1.key" -out "pki/$1.csr" 2>/dev/null
  printf 'extendedKeyUsage=serverAuth,clientAuth\n%s\n' "${4:+subjectAltName=$4}" > "pki/$1.ext"
  openssl x509 -req -in "pki/$1.csr" -CA "pki/$3.crt" -CAkey "pki/$3.key" -days 30 -extfile "pki/$1.ext" -out "pki/$1.crt" 2>/dev/null
}

identity() { # FILE NAME SUBJECT [ALTERNATIVE NAMES]: a certificate pki/NAME.crt, and a kubeconfig with it
  certificate "$2" "$3" ca "${4:-}"
  (umask 077; cat > "$1") <<END
apiVersion: v1
kind: Config
current-context: borgerting
contexts: [{name: borgerting, context: {cluster: borgerting, user: borgerting}}]
clusters: [{name: borgerting, cluster: {server: "https://$node:$port", certificate-authority-data: $(base64 -w0 pki/ca.crt)}}]
users: [{name: borgerting, user: {client-certificate-data: $(base64 -w0 "pki/$2.crt"), client-key-data: $(base64 -w0 "pki/$2.key")}}]
END
}

parts=()
run() { # NAME ARGUMENTS…: a part in the background; its log is log/NAME
  "$@" >"log/$1" 2>&1 </dev/null &
  parts+=($!)
}

until_it_does() { # waits until this kubectl command succeeds
  for ((i = 0; i < 1500; i++)); do
    if kubectl "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  echo "not within five minutes: kubectl $*"; tail -n 20 log/*; exit 1
}

control_plane() {
  mkdir -p pki; chmod 700 pki
  for ca in ca front-proxy-ca; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$ca" -keyout pki/$ca.key -out pki/$ca.crt 2>/dev/null
  done
  openssl genrsa -out pki/service-accounts.key 2048 2>/dev/null
  certificate kube-apiserver /CN=kube-apiserver ca "IP:127.0.0.1,IP:10.96.0.1,IP:$node,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  certificate front-proxy /CN=front-proxy front-proxy-ca
  identity kubeconfig admin /O=system:masters/CN=admin
  for name in kube-controller-manager kube-scheduler kube-proxy; do identity pki/$name.kubeconfig $name /CN=system:$name; done
  identity pki/kubelet.kubeconfig kubelet /O=system:nodes/CN=system:node:node "IP:$node,DNS:node"
  export KUBECONFIG=$dir/kubeconfig KUBECACHEDIR=$dir/kubectl-cache
  run etcd --data-dir etcd --unsafe-no-fsync --log-level warn --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 \
    --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380
  run kube-apiserver --etcd-servers http://127.0.0.1:2379 --bind-address "$node" --secure-port $port \
    --advertise-address "$node" --endpoint-reconciler-type lease \
    --tls-cert-file pki/kube-apiserver.crt --tls-private-key-file pki/kube-apiserver.key --client-ca-file pki/ca.crt \
    --cert-dir pki --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
    --service-account-issuer https://kubernetes.default.svc.cluster.local --service-cluster-ip-range $services \
    --service-account-key-file pki/service-accounts.key --service-account-signing-key-file pki/service-accounts.key \
    --kubelet-client-certificate pki/admin.crt --kubelet-client-key pki/admin.key \
    --kubelet-certificate-authority pki/ca.crt --kubelet-preferred-address-types InternalIP \
    --requestheader-client-ca-file pki/front-proxy-ca.crt --requestheader-allowed-names front-proxy \
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
    --requestheader-extra-headers-prefix X-Remote-Extra- \
    --proxy-client-cert-file pki/front-proxy.crt --proxy-client-key-file pki/front-proxy.key
  # The others would end for want of rights before it is ready.
  until_it_does get --raw /readyz
  local configs
  # The autoscaler looks and acts sooner than by default, so that a test need not wait minutes.
  configs=pki/kube-controller-manager.kubeconfig
  run kube-controller-manager --kubeconfig $configs --authentication-kubeconfig $configs --authorization-kubeconfig $configs \
    --bind-address 127.0.0.1 --cert-dir pki --leader-elect=false --use-service-account-credentials --root-ca-file pki/ca.crt \
    --flex-volume-plugin-dir "$dir/volume-plugins" --service-account-private-key-file pki/service-accounts.key \
    --horizontal-pod-autoscaler-sync-period 5s --horizontal-pod-autoscaler-downscale-stabilization 30s \
    --horizontal-pod-autoscaler-cpu-initialization-period 20s --horizontal-pod-autoscaler-initial-readiness-delay 5s
  configs=pki/kube-scheduler.kubeconfig
  run kube-scheduler --kubeconfig $configs --authentication-kubeconfig $configs --authorization-kubeconfig $configs \
    --bind-address 127.0.0.1 --cert-dir pki --leader-elect=false
  until_it_does get -n default serviceaccount/default configmap/kube-root-ca.crt
}

containers() {
  cat > etc/containerd.toml <<END
version = 2
root = "$dir/containerd"
state = "/run/containerd"
oom_score = 0
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:1"
  restrict_oom_score_adj = true # lowering it may be forbidden
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
END
  run containerd -c etc/containerd.toml
  python3 "$here/pause.py" "$bin/pause" pause.tar
  for ((i = 0; i < 500; i++)); do ctr version >/dev/null 2>&1 && break; sleep 0.2; done
  ctr -n k8s.io images import pause.tar
}

node_parts() {
  cat > etc/kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
failSwapOn: false
oomScoreAdj: 0
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
podLogsDir: $dir/pods
volumePluginDir: $dir/kubelet/volume-plugins
resolvConf: $dir/etc/pods-resolv.conf
clusterDNS: [$dns]
clusterDomain: cluster.local
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $dir/pki/kubelet.crt
tlsPrivateKeyFile: $dir/pki/kubelet.key
evictionHard: {memory.available: 100Mi, nodefs.available: 0%, imagefs.available: 0%, nodefs.inodesFree: 0%}
imageGCHighThresholdPercent: 100
logging: {verbosity: 1}
END
  cat > etc/kube-proxy.yaml <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: $pods
hostnameOverride: node
oomScoreAdj: 0
clientConnection: {kubeconfig: $dir/pki/kube-proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nftables: {minSyncPeriod: 100ms}
END
  run kubelet --config etc/kubelet.yaml --root-dir "$dir/kubelet" --kubeconfig pki/kubelet.kubeconfig \
    --hostname-override node --node-ip "$node"
  run kube-proxy --config etc/kube-proxy.yaml
  run netpol "$KUBECONFIG"
}

mounts; network; containers; control_plane
echo "control plane ready after $SECONDS s"
node_parts
sed "s|@BIN@|$bin|g; s|@DIR@|$dir|g; s|@DNS@|$dns|g" "$here/node.yaml" | kubectl apply -f -
until_it_does wait --for=condition=Ready node/node --timeout=1s
kubectl -n kube-system rollout status deployment --timeout=300s || { kubectl get -A pods,events; exit 1; }
kubectl wait --for=condition=Available apiservice/v1beta1.metrics.k8s.io --timeout=300s
echo "cluster ready after $SECONDS s"
touch ready
wait -n "${parts[@]}" || true # a part that ends takes the whole cluster with it
echo "a part ended"; exit 1
