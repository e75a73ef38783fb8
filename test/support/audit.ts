/** The API server's audit log: who did what. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

export interface AuditEvent {
  readonly verb: string
  readonly requestReceivedTimestamp: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
  }
  readonly responseStatus?: { readonly code?: number }
}

/** Finished requests since a moment (epoch ms), in the order of the log. Every request that was answered is in it. */
export async function auditEvents(since: number): Promise<readonly AuditEvent[]> {
  const path = process.env['STREAMJOB_TEST_AUDIT_LOG']
  if (path === undefined || path === '') throw new Error('STREAMJOB_TEST_AUDIT_LOG is not set: run hack/test e2e')
  const events: AuditEvent[] = []
  for await (const line of createInterface(createReadStream(path))) {
    if (!line.endsWith('}')) continue // being written
    const event = JSON.parse(line) as AuditEvent & { readonly stage: string }
    if (event.stage === 'ResponseComplete' && Date.parse(event.requestReceivedTimestamp) >= since) events.push(event)
  }
  return events
}

/** Those that change something: all verbs but the reading ones. */
export const isWrite = ({ verb }: AuditEvent): boolean => !['get', 'list', 'watch'].includes(verb)

/** The user name of a service account. */
export const serviceAccountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`
