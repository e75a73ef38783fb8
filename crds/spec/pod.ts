import { z } from 'zod'
import { group, workerContainer } from '../names.ts'
import { quantityPattern } from '../schema/formats.ts'
import { celText, withRules } from '../schema/rules.ts'
import { list, map, quantityOrNumber, text } from '../schema/scalars.ts'

const quantityRegExp = new RegExp(quantityPattern)

const quantities = withRules(map(quantityOrNumber(), { max: 16 }), [
  {
    cel: `self.all(name, string(self[name]).matches(${celText(quantityPattern)}))`,
    check: (value) => Object.values(value).every((quantity) => quantityRegExp.test(String(quantity))),
    message: 'write quantities such as cpu: 500m and memory: 2Gi',
  },
])

const labelMap = (): z.ZodRecord<z.ZodString, z.ZodString> =>
  withRules(map(text({ min: 0, max: 63 }), { max: 64 }), [
    {
      cel: `!self.exists(key, key.startsWith('${group}/') || key.startsWith('app.kubernetes.io/'))`,
      check: (value) => !Object.keys(value).some((key) => key.startsWith(`${group}/`) || key.startsWith('app.kubernetes.io/')),
      message: `labels that begin with ${group}/ or app.kubernetes.io/ are set by the operator`,
    },
  ])

const container = withRules(
  z.looseObject({
    name: text({ max: 63 }).describe('Name of the container.'),
    image: text({ max: 512 }).exactOptional().describe('Image of a sidecar.'),
    securityContext: z.looseObject({}).exactOptional().describe('Security context of a sidecar.'),
  }),
  [
    {
      cel: `self.name != '${workerContainer}' || !has(self.securityContext)`,
      check: (value) => value.name !== workerContainer || value.securityContext === undefined,
      fieldPath: '.securityContext',
      message: `the security context of the container ${workerContainer} is fixed`,
    },
    {
      cel: `self.name != '${workerContainer}' || !has(self.image)`,
      check: (value) => value.name !== workerContainer || value.image === undefined,
      fieldPath: '.image',
      message: `the image of the container ${workerContainer} is the one that was planned; set spec.program.image instead`,
    },
  ],
)

const podSpec = withRules(
  z.looseObject({
    serviceAccountName: text({ min: 0, max: 253 }).exactOptional().describe('Not allowed.'),
    serviceAccount: text({ min: 0, max: 253 }).exactOptional().describe('Not allowed.'),
    containers: list(container, { max: 16 }).exactOptional().describe(`Patches of the container \`${workerContainer}\`, and sidecars.`),
  }),
  [
    {
      cel: '!has(self.serviceAccountName) && !has(self.serviceAccount)',
      check: (value) => value.serviceAccountName === undefined && value.serviceAccount === undefined,
      fieldPath: '.serviceAccountName',
      message: 'a pod template may not choose the service account: every job has its own, without rights',
    },
  ],
)

/** What the workers' pods look like beyond what the operator decides. */
export const Pod = z.object({
  resources: withRules(
    z.object({
      requests: quantities.exactOptional().describe('What a worker is promised.'),
      limits: quantities.exactOptional().describe('What a worker may use at most.'),
    }),
    [],
  )
    .exactOptional()
    .describe(`Resources of the container \`${workerContainer}\`.`),
  template: z
    .looseObject({
      metadata: z
        .looseObject({
          labels: labelMap().exactOptional().describe('Further labels.'),
          annotations: map(text({ min: 0, max: 4096 }), { max: 64 })
            .exactOptional()
            .describe('Further annotations.'),
        })
        .exactOptional()
        .describe('Labels and annotations of the pods.'),
      spec: podSpec.exactOptional().describe('Fields of a pod spec. Those not listed here are checked by the operator.'),
    })
    .exactOptional()
    .describe('Strategic merge patch on the pod template of the StatefulSet.'),
})
export type Pod = z.output<typeof Pod>
