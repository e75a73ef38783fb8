/** The CustomResourceDefinitions as objects; `node hack/generate.ts` writes them as YAML. */
import type { z } from 'zod'
import { group, type Kind, kinds, version } from './names.ts'
import { SavepointSpec, SavepointStatus } from './savepoint.ts'
import { celRule, type Rule, validationsKey } from './schema/rules.ts'
import { type StructuralSchema, structuralSchema } from './schema/structural.ts'
import { StreamJobSpec } from './streamjob.ts'
import { streamJobRules } from './streamjob-rules.ts'
import { StreamJobStatus } from './streamjob-status.ts'

/** Both definitions, in the order in which they are applied. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return [streamJobDefinition(), savepointDefinition()]
}

export function streamJobDefinition(): CustomResourceDefinition {
  return definition({
    kind: 'StreamJob',
    description: 'StreamJob is a stream-processing program that runs on Kafka: what it computes, how it reaches its brokers, and its policies.',
    spec: StreamJobSpec,
    status: StreamJobStatus,
    rules: streamJobRules,
    scale: { specReplicasPath: '.spec.parallelism', statusReplicasPath: '.status.parallelism', labelSelectorPath: '.status.selector' },
    columns: [
      column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
      column('Reason', '.status.conditions[?(@.type=="Ready")].reason'),
      column('Workers', '.status.workers'),
      column('Program', '.status.program.fingerprint'),
      age,
      { ...column('Epoch', '.status.epoch'), priority: 1 },
      { ...column('Savepoint', '.status.lastSavepoint.name'), priority: 1 },
    ],
  })
}

export function savepointDefinition(): CustomResourceDefinition {
  return definition({
    kind: 'Savepoint',
    description: 'Savepoint is a consistent, portable cut through a whole StreamJob: its state and its positions.',
    spec: SavepointSpec,
    status: SavepointStatus,
    rules: [],
    selectable: ['.spec.job'],
    columns: [
      column('Job', '.spec.job'),
      column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
      column('Reason', '.status.conditions[?(@.type=="Ready")].reason'),
      column('Bytes', '.status.bytes'),
      age,
      { ...column('Location', '.status.location'), priority: 1 },
    ],
  })
}

/** `apiextensions.k8s.io/v1`, as far as it is used here. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced'
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
      readonly shortNames: readonly string[]
      readonly categories: readonly string[]
    }
    readonly versions: readonly {
      readonly name: string
      readonly served: true
      readonly storage: true
      readonly schema: { readonly openAPIV3Schema: StructuralSchema }
      readonly subresources: { readonly status: Readonly<Record<string, never>>; readonly scale?: Scale }
      readonly selectableFields?: readonly { readonly jsonPath: string }[]
      readonly additionalPrinterColumns: readonly PrinterColumn[]
    }[]
  }
}

interface Scale {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath: string
}

interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'date'
  readonly jsonPath: string
  /** 1: with `-o wide` only. */
  readonly priority?: 1
}

interface Parts {
  readonly kind: Kind
  readonly description: string
  readonly spec: z.ZodType
  readonly status: z.ZodType
  readonly rules: readonly Rule<never>[]
  readonly scale?: Scale
  readonly selectable?: readonly string[]
  readonly columns: readonly PrinterColumn[]
}

function definition(parts: Parts): CustomResourceDefinition {
  const names = kinds[parts.kind]
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { ...names, categories: ['streaming'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: root(parts) },
          subresources: { status: {}, ...(parts.scale === undefined ? {} : { scale: parts.scale }) },
          ...(parts.selectable === undefined ? {} : { selectableFields: parts.selectable.map((jsonPath) => ({ jsonPath })) }),
          additionalPrinterColumns: parts.columns,
        },
      ],
    },
  }
}

function root(parts: Parts): StructuralSchema {
  return {
    type: 'object',
    description: parts.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object', properties: { name: { type: 'string' } } },
      spec: { ...structuralSchema(parts.spec, 'spec'), description: 'What is wanted.' },
      status: { ...structuralSchema(parts.status, 'status'), description: 'What was seen and decided; written by the operator.' },
    },
    ...(parts.rules.length === 0 ? {} : { [validationsKey]: parts.rules.map(celRule) }),
  }
}

function column(name: string, jsonPath: string): PrinterColumn {
  return { name, type: 'string', jsonPath }
}

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
