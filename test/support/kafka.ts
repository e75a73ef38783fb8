/** The broker that `hack/test` starts for `*.kafka.test.ts`. */
import type { ExecutionContext } from 'ava'

/** Bootstrap addresses. Throws when there is no broker. */
export function brokers(): string[] {
  const address = process.env['STREAMJOB_TEST_KAFKA']
  if (address === undefined || address === '') {
    throw new Error('This test needs a broker: run ./hack/test kafka, or set STREAMJOB_TEST_KAFKA=HOST:PORT.')
  }
  return address.split(',')
}

let count = 0

/** A name that no other test uses, made from the test's title. Fits topics, groups and transactional ids. */
export function uniqueName(t: ExecutionContext): string {
  const title = t.title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
  return `${title}.${process.pid}.${Date.now().toString(36)}${count++}`
}
