/** Rules about a StreamJob as a whole: those that look at its name. */
import { maxNameLength, reservedSegments } from './names.ts'
import { dnsLabel } from './schema/formats.ts'
import { celList, celText, type Rule } from './schema/rules.ts'

interface Named {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly kafka: { readonly applicationId?: string | undefined } }
}

export const streamJobRules: readonly Rule<Named>[] = [
  {
    cel: `self.metadata.name.size() <= ${maxNameLength} && self.metadata.name.matches(${celText(dnsLabel.pattern)})`,
    check: (value) => value.metadata.name.length <= maxNameLength && dnsLabelRegExp.test(value.metadata.name),
    fieldPath: '.metadata.name',
    message: `the name of a StreamJob has at most ${maxNameLength} lower-case letters, digits and dashes, beginning and ending with a letter or digit: pods and labels are named after it`,
  },
  {
    cel: `has(self.spec.kafka.applicationId) || !(self.metadata.name in ${celList(reservedSegments)})`,
    check: (value) => value.spec.kafka.applicationId !== undefined || !(reservedSegments as readonly string[]).includes(value.metadata.name),
    fieldPath: '.spec.kafka.applicationId',
    message: `set applicationId: its default NAMESPACE.NAME would end in one of ${reservedSegments.join(', ')}, which name topics of a job`,
  },
]

const dnsLabelRegExp = new RegExp(dnsLabel.pattern)
