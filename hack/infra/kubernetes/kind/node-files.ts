/** Configuration files of our node image for kind. */

/** One node: a bridge, behind its address for the world outside. */
export const networkPlugin = {
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.245.0.0/16' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

/** Imports the images of the components under the names that kubeadm expects, before the kubelet asks for them. */
export const loadImagesUnit = `[Unit]
After=containerd.service
Requires=containerd.service
Before=multi-user.target kubelet.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cd /kind/images; for f in *.tar; do ctr -n k8s.io images import $f; done; while read s t; do ctr -n k8s.io images tag $s $t; done < tags'
[Install]
WantedBy=multi-user.target
`

/** The storage class that kind installs, with our provisioner behind it. */
export const storageManifest = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: standard, annotations: { storageclass.kubernetes.io/is-default-class: "true" } }
provisioner: streamjob.dev/local
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: local-provisioner, namespace: kube-system }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: local-provisioner }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: local-provisioner, namespace: kube-system }]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: local-provisioner, namespace: kube-system }
spec:
  selector: { matchLabels: { app: local-provisioner } }
  template:
    metadata: { labels: { app: local-provisioner } }
    spec:
      serviceAccountName: local-provisioner
      tolerations: [{ operator: Exists }]
      containers:
        - name: provisioner
          image: localhost/hyperkube:1
          command: [local-provisioner, --dir=/var/local-volumes, --node=$(NODE)]
          env: [{ name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }]
          volumeMounts: [{ name: volumes, mountPath: /var/local-volumes }]
      volumes: [{ name: volumes, hostPath: { path: /var/local-volumes, type: DirectoryOrCreate } }]
`
