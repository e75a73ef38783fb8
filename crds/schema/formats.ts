/** Names and addresses that several parts of the resources hold. */
import type { z } from 'zod'
import { maxNameLength } from '../names.ts'
import { type Format, text } from './scalars.ts'

/** Name of an object in the job's namespace: DNS subdomain. */
export const objectName = (): z.ZodString =>
  text(
    { max: 253 },
    {
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
      message: 'write the name of an object in the namespace of the job: lower-case letters, digits, dashes and dots',
    },
  )

/** Key within a ConfigMap or Secret. */
export const dataKey = (): z.ZodString =>
  text({ max: 253 }, { pattern: '^[-._a-zA-Z0-9]+$', message: 'write a key of that object: letters, digits, dashes, underscores and dots' })

/** Name of a StreamJob. */
export const dnsLabel: Format = {
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  message: 'write lower-case letters, digits and dashes, beginning and ending with a letter or digit',
}
export const jobName = (): z.ZodString => text({ max: maxNameLength }, dnsLabel)

/** Name of a Kafka topic. */
export const topicName = (): z.ZodString =>
  text(
    { max: 249 },
    {
      pattern: '^([-_a-zA-Z0-9][-._a-zA-Z0-9]*|[.][-._a-zA-Z0-9]*[-_a-zA-Z0-9][-._a-zA-Z0-9]*)$',
      message: 'write a topic name: letters, digits, dots, underscores and dashes',
    },
  )

/** Address of an HTTP service. */
export const httpUrl = (): z.ZodString =>
  text(
    { max: 2048 },
    {
      pattern: '^https?://[-._a-zA-Z0-9]+(:[0-9]{1,5})?(/[-._~%/a-zA-Z0-9]*)?$',
      message: 'write an address such as https://host:8081, without user, query or fragment',
    },
  )

/** A folder, relative to the root of a bucket or volume. */
export const relativePath = (): z.ZodString =>
  text(
    { max: 512 },
    {
      pattern: '^([-_a-zA-Z0-9]|[.][-_a-zA-Z0-9])[-_.a-zA-Z0-9]*(/([-_a-zA-Z0-9]|[.][-_a-zA-Z0-9])[-_.a-zA-Z0-9]*)*/?$',
      message: 'write a relative path such as team/revenue/, without parts of dots alone',
    },
  )

/** A size such as `10Gi`. */
export const quantityPattern = '^[0-9]{1,12}([.][0-9]{1,3})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$'
