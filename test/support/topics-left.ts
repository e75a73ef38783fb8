/** What stays of a job that was deleted. */
import type { ExecutionContext } from 'ava'
import { names } from '../../runtime/protocol.ts'
import { eventually } from './eventually.ts'

/** Asserts that late and dead-letter topic are all that is left. A broker hears of what was deleted a moment after the one that was asked. */
export async function assertTopicsLeft(
  t: ExecutionContext,
  admin: { readonly listTopics: () => Promise<string[]> },
  applicationId: string,
): Promise<void> {
  const kept = [names.deadLetterTopic(applicationId), names.lateTopic(applicationId)]
  const left = async (): Promise<readonly string[]> => (await admin.listTopics()).filter((topic) => topic.startsWith(`${applicationId}.`)).toSorted()
  await eventually(async () => (await left()).length <= kept.length, { what: `the end of the internal topics of ${applicationId}` })
  t.deepEqual(await left(), kept)
}
