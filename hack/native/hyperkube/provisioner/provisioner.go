// Package provisioner gives every claim of a storage class a directory of this node as a "local" volume, which unlike hostPath honours fsGroup.
package provisioner

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// Name is what a storage class calls this provisioner.
const Name = "streamjob.dev/local"

// The scheduler writes its choice here, on the claim.
const selectedNode = "volume.kubernetes.io/selected-node"

const provisionedBy = "pv.kubernetes.io/provisioned-by"

// Keys of the queue: a claim to provision for, a volume to reclaim.
const (
	claimKey  = "claim:"
	volumeKey = "volume:"
)

type provisioner struct {
	client    kubernetes.Interface
	informers informers.SharedInformerFactory
	queue     workqueue.TypedRateLimitingInterface[string]
	directory string
	node      string
}

// Run serves until the context ends.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("local-provisioner", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file; empty: the pod's service account")
	directory := flags.String("dir", "", "parent directory of the volumes")
	node := flags.String("node", "", "name of this node")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	p := &provisioner{
		client:    client,
		informers: informers.NewSharedInformerFactory(client, 10*time.Minute),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](50*time.Millisecond, 10*time.Second)),
		directory: filepath.Clean(*directory),
		node:      *node,
	}
	return p.run(ctx)
}

func (p *provisioner) run(ctx context.Context) error {
	if _, err := p.informers.Core().V1().PersistentVolumeClaims().Informer().AddEventHandler(p.enqueue(claimKey)); err != nil {
		return err
	}
	if _, err := p.informers.Core().V1().PersistentVolumes().Informer().AddEventHandler(p.enqueue(volumeKey)); err != nil {
		return err
	}
	p.informers.Storage().V1().StorageClasses().Informer()
	p.informers.Start(ctx.Done())
	p.informers.WaitForCacheSync(ctx.Done())
	context.AfterFunc(ctx, p.queue.ShutDown)
	for {
		key, stopped := p.queue.Get()
		if stopped {
			return nil
		}
		if err := p.handle(ctx, key); err != nil {
			klog.ErrorS(err, "will try again", "key", key)
			p.queue.AddRateLimited(key)
		} else {
			p.queue.Forget(key)
		}
		p.queue.Done(key)
	}
}

func (p *provisioner) enqueue(prefix string) cache.ResourceEventHandler {
	add := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			p.queue.Add(prefix + key)
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, object any) { add(object) }}
}

func (p *provisioner) handle(ctx context.Context, key string) error {
	if volume, ok := strings.CutPrefix(key, volumeKey); ok {
		return p.reclaim(ctx, volume)
	}
	namespace, name, _ := strings.Cut(strings.TrimPrefix(key, claimKey), "/")
	return p.provision(ctx, namespace, name)
}

func (p *provisioner) provision(ctx context.Context, namespace, name string) error {
	claim, err := p.informers.Core().V1().PersistentVolumeClaims().Lister().PersistentVolumeClaims(namespace).Get(name)
	if err != nil || claim.Spec.VolumeName != "" || claim.Spec.StorageClassName == nil || claim.DeletionTimestamp != nil {
		return nil
	}
	class, err := p.informers.Storage().V1().StorageClasses().Lister().Get(*claim.Spec.StorageClassName)
	if err != nil {
		return err
	}
	if class.Provisioner != Name || claim.Annotations[selectedNode] != p.node {
		return nil
	}
	volume := "pvc-" + string(claim.UID)
	path := filepath.Join(p.directory, volume)
	if err := os.MkdirAll(path, 0o770); err != nil {
		return err
	}
	reclaim := core.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		reclaim = *class.ReclaimPolicy
	}
	mode := core.PersistentVolumeFilesystem
	thisNode := core.NodeSelectorRequirement{Key: "kubernetes.io/hostname", Operator: core.NodeSelectorOpIn, Values: []string{p.node}}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: volume, Annotations: map[string]string{provisionedBy: Name}},
		Spec: core.PersistentVolumeSpec{
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: reclaim,
			StorageClassName:              class.Name,
			VolumeMode:                    &mode,
			ClaimRef: &core.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: namespace, Name: name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			PersistentVolumeSource: core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{thisNode}}},
			}},
		},
	}, meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (p *provisioner) reclaim(ctx context.Context, name string) error {
	volume, err := p.informers.Core().V1().PersistentVolumes().Lister().Get(name)
	if err != nil || volume.DeletionTimestamp != nil || volume.Annotations[provisionedBy] != Name || volume.Spec.Local == nil ||
		volume.Status.Phase != core.VolumeReleased || volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete {
		return nil
	}
	if filepath.Dir(volume.Spec.Local.Path) != p.directory { // another node's
		return nil
	}
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return err
	}
	if err := p.client.CoreV1().PersistentVolumes().Delete(ctx, name, meta.DeleteOptions{}); !apierrors.IsNotFound(err) {
		return err
	}
	return nil
}
