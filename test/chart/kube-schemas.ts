import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readYaml } from './chart.ts'

/** A JSON schema, or an OpenAPI one that nearly is. */
type Schema = Readonly<Record<string, unknown>>

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface ResourceDefinition {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[]
  }
}

/**
 * Writes a JSON schema for each kind of the API specification of Kubernetes, and of resource definitions, as kubeconform
 * reads them: `<kind>-<group>-<version>.json` in lower case. Fields that a schema does not name are refused.
 * @param folder with what deploy/helm/tools.sh puts there
 * @returns how kubeconform is told of them
 */
export function writeKubeSchemas(folder: string): string {
  const schemas = join(folder, 'schemas')
  mkdirSync(schemas, { recursive: true })
  const write = (of: GroupVersionKind, schema: Schema) => {
    const words = [of.kind, of.group.split('.')[0]!, of.version].filter(word => word !== '')
    writeFileSync(join(schemas, `${words.join('-').toLowerCase()}.json`), JSON.stringify(schema))
  }
  const { definitions } = JSON.parse(readFileSync(join(folder, 'kubernetes.json'), 'utf8')) as {
    definitions: Record<string, Schema>
  }
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = (definition['x-kubernetes-group-version-kind'] ?? []) as GroupVersionKind[]
    if (kinds.length !== 1) continue
    write(kinds[0]!, { ...strict({ $ref: `#/definitions/${name}` }), definitions: neededBy(name, definitions) })
  }
  for (const path of globSync(join(folder, 'definitions/*.yaml'))) {
    const { spec } = readYaml(path) as ResourceDefinition
    for (const { name: version, schema } of spec.versions) {
      write({ group: spec.group, version, kind: spec.names.kind }, strict(schema.openAPIV3Schema))
    }
  }
  return join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json')
}

/** A definition with all that it refers to. */
function neededBy(name: string, definitions: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const needed: Record<string, Schema> = {}
  const waiting = [name]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (needed[next] !== undefined) continue
    const text = JSON.stringify(definitions[next])
    needed[next] = strict(definitions[next]!)
    waiting.push(...[...text.matchAll(/#\/definitions\/([\w.-]+)/g)].map(match => match[1]!))
  }
  return needed
}

const quantity = '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity'
const numberOrText: Schema = { type: ['string', 'integer', 'number'] }

/** OpenAPI's schema as JSON schema, with what objects may have besides refused. */
function strict(schema: Schema): Schema {
  if (schema.$ref === quantity || schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true) {
    return numberOrText
  }
  const { properties, ...rest } = schema
  const made: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(rest)) made[key] = strictWithin(key, value)
  if (properties === undefined) return made
  made.properties = Object.fromEntries(
    Object.entries(properties as Record<string, Schema>).map(([name, property]) => [name, strict(property)]),
  )
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (!open && schema.additionalProperties === undefined) made.additionalProperties = false
  return made
}

function strictWithin(key: string, value: unknown): unknown {
  if (['items', 'additionalProperties', 'not'].includes(key) && typeof value === 'object')
    return strict(value as Schema)
  // Within these stand conditions on fields that are named beside them.
  return value
}
