import { z } from 'zod'
import { dataKey, objectName } from '../schema/formats.ts'
import { withRules } from '../schema/rules.ts'
import { list, listByKey, openObject, text } from '../schema/scalars.ts'

const secretOrConfigMapKey = z.object({
  name: objectName().describe('Name of the object.'),
  key: dataKey().describe('Key in it.'),
  optional: z.boolean().default(false).describe('Whether object or key may be missing; the variable is then not set.'),
})

const valueSource = withRules(
  z.object({
    secretKeyRef: secretOrConfigMapKey.exactOptional().describe('A key of a Secret.'),
    configMapKeyRef: secretOrConfigMapKey.exactOptional().describe('A key of a ConfigMap.'),
    fieldRef: z
      .object({
        fieldPath: text({ max: 253 }).describe('Path of the field, such as `metadata.name`.'),
      })
      .exactOptional()
      .describe('A field of the pod.'),
  }),
  [
    {
      cel: '[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].exists_one(set, set)',
      check: (value) => [value.secretKeyRef, value.configMapKeyRef, value.fieldRef].filter((source) => source !== undefined).length === 1,
      message: 'set exactly one of secretKeyRef, configMapKeyRef and fieldRef',
    },
  ],
)

const envVar = withRules(
  z.object({
    name: text(
      { max: 253 },
      {
        pattern: '^[-._a-zA-Z][-._a-zA-Z0-9]*$',
        message: 'write the name of a variable: letters, digits, underscores, dashes and dots, not beginning with a digit',
      },
    ).describe('Name of the variable.'),
    value: text({ min: 0, max: 32_768 }).exactOptional().describe('Its value.'),
    valueFrom: valueSource.exactOptional().describe('Where its value comes from.'),
  }),
  [
    {
      cel: '!(has(self.value) && has(self.valueFrom))',
      check: (value) => value.value === undefined || value.valueFrom === undefined,
      message: 'set value or valueFrom, not both',
    },
  ],
)

const inlineLimit = 131_072

/** What the job runs: exactly one of four sources. */
export const Program = withRules(
  z.object({
    steps: list(openObject({ max: 32 }), { min: 1, max: 64 })
      .exactOptional()
      .describe(
        'The program as a list of steps, one linear chain: from (with eventTime), filter, map, flatMap, keyBy, window, aggregate, to. Parsed strictly when planned.',
      ),
    inline: withRules(text({ max: inlineLimit }), [
      {
        cel: `bytes(self).size() <= ${inlineLimit}`,
        check: (value) => new TextEncoder().encode(value).length <= inlineLimit,
        message: 'it may have 128 KiB at most; put a larger program into an image',
      },
    ])
      .exactOptional()
      .describe('The program as the text of a TypeScript module.'),
    configMap: z
      .object({
        name: objectName().describe('Name of the ConfigMap.'),
        key: dataKey().default('program.ts').describe('Key that holds the module.'),
      })
      .exactOptional()
      .describe('A ConfigMap that holds the TypeScript module.'),
    image: text({ max: 512 }, { pattern: '^[a-zA-Z0-9][-._:/@a-zA-Z0-9]*$', message: 'write an image reference, such as registry.example/jobs:1.4' })
      .exactOptional()
      .describe('An image built on the runtime image. It is pinned by digest when it is planned.'),
    module: text(
      { max: 512 },
      {
        pattern: '^[-_a-zA-Z0-9][-_./a-zA-Z0-9]*[.]m?[jt]s$',
        message: 'write the path of a .ts, .mts, .js or .mjs file in the image, relative to its working folder',
      },
    )
      .exactOptional()
      .describe('The file in the image whose default export is the program.'),
    env: listByKey(envVar, 'name', { max: 100 }).default([]).describe('Environment of the program, as in a container.'),
  }),
  [
    {
      cel: '[has(self.steps), has(self.inline), has(self.configMap), has(self.image)].exists_one(set, set)',
      check: (value) => [value.steps, value.inline, value.configMap, value.image].filter((source) => source !== undefined).length === 1,
      message: 'set exactly one of steps, inline, configMap and image',
    },
    {
      cel: 'has(self.image) == has(self.module)',
      check: (value) => (value.image === undefined) === (value.module === undefined),
      message: 'module names the program inside image: set both or neither',
    },
  ],
)
export type Program = z.output<typeof Program>
