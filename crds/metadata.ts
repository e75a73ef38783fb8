/** What we read of `metadata`. */
import { z } from 'zod'

/** Metadata of an object that the API server stores. */
export const ObjectMeta = z.object({
  name: z.string().min(1),
  namespace: z.string().min(1),
  uid: z.string().min(1),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
})
export type ObjectMeta = z.output<typeof ObjectMeta>

/** Metadata of a manifest that was never stored. */
export const ManifestMeta = ObjectMeta.pick({ name: true, labels: true, annotations: true }).extend({
  namespace: z.string().min(1).default('default'),
})
export type ManifestMeta = z.output<typeof ManifestMeta>
