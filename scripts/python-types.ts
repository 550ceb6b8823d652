/** Python classes of the contract's schemas: of requests a `TypedDict`, of answers a model of pydantic. */
import * as contract from '@hypershard/contract'

/** What of zod's schemas is used here. */
interface ContractSchema {
  readonly _zod: { readonly def: unknown }
  toJSONSchema(options: {
    readonly io: 'input' | 'output'
    readonly override: (place: {
      readonly zodSchema: Pick<ContractSchema, '_zod'>
      readonly jsonSchema: object
    }) => void
  }): unknown
}

/** What of JSON Schema the contract uses, and the name that the contract has for a schema. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly description?: string
  readonly 'x-name'?: string
}

/** The keywords of Python, of which a member may be one. */
const reserved: ReadonlySet<string> = new Set(
  (
    'and as assert async await break class continue def del elif else except finally for from global if import in is ' +
    'lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
)

/** Classes that the contract has no name for, and that are called better than by their place. */
const better: Readonly<Record<string, string>> = {
  IndexWithoutModelModel: 'ModelReference',
  ReadyIndexesWithoutModel: 'IndexWithoutModel',
  FieldsRequestValue: 'FieldRequest',
  IndexFieldsValue: 'FieldDescription',
  WriteReportError: 'LineError',
  AliasTableAlias: 'Alias',
}

/** Of answers that can do more than a model of pydantic. */
const bases: Readonly<Record<string, string>> = {
  DocumentVector: 'VectorAnswer',
  ListedDocumentVector: 'VectorAnswer',
}

/** Written by hand, as the client needs them before all others. */
const writtenElsewhere: ReadonlySet<string> = new Set(['Problem'])

/** A description keeps the schema's definition, so that this finds a schema also where it was described anew. */
const names: ReadonlyMap<unknown, string> = new Map(
  Object.entries(contract as Readonly<Record<string, unknown>>).flatMap(([name, value]) => {
    if (!name.endsWith('Schema')) return []
    return [[(value as ContractSchema)._zod.def, toPascalCase(name.replace(/(Request|Body)?Schema$/, ''))] as const]
  }),
)

/** As the OpenAPI document has it, with names. */
export function schemaOf(schema: ContractSchema, io: 'input' | 'output'): Schema {
  return schema.toJSONSchema({
    io,
    override: ({ zodSchema, jsonSchema }) => {
      const name = names.get(zodSchema._zod.def)
      if (name !== undefined) Object.assign(jsonSchema, { 'x-name': name })
    },
  }) as Schema
}

/** Writes each schema once. */
export class TypeWriter {
  readonly classes: string[] = []
  readonly #written = new Map<string, string>()
  readonly #taken = new Set<string>()

  /** Of all classes. */
  get names(): Iterable<string> {
    return this.#taken
  }

  /** @param fallback its name, where the contract has none for it */
  request(schema: ContractSchema, fallback: string): string {
    return this.typeOf(schemaOf(schema, 'input'), { name: fallback, asked: true })
  }

  /** @param fallback its name, where the contract has none for it */
  answer(schema: ContractSchema, fallback: string): string {
    return this.typeOf(schemaOf(schema, 'output'), { name: fallback, asked: false })
  }

  typeOf(schema: Schema, place: Place): string {
    const { asked } = place
    const named = schema['x-name']
    if (asked && named === 'Vector') return 'Vector'
    if (asked && schema.type === 'string' && schema.description?.startsWith('Base64') === true) return 'Base64'
    const own = { ...place, name: named === undefined ? place.name : `${named}${asked ? 'Request' : ''}` }
    if (schema.const !== undefined) return open([schema.const], asked)
    if (schema.enum !== undefined) return open(schema.enum, asked)
    if (schema.anyOf !== undefined) return this.#union(schema.anyOf, own)
    if (Array.isArray(schema.type))
      return this.#union(
        schema.type.map((type: string) => ({ ...schema, type })),
        own,
      )
    switch (schema.type) {
      case 'string':
        return 'str'
      case 'integer':
        return 'int'
      case 'number':
        return 'float'
      case 'boolean':
        return 'bool'
      case 'null':
        return 'None'
      case 'array':
        return `${asked ? 'Sequence' : 'list'}[${this.typeOf(schema.items ?? {}, inside(own, singular(own.name)))}]`
      case 'object':
        return schema.properties === undefined ? this.#dict(schema, own) : this.#class(schema, own)
      default:
        return 'Any'
    }
  }

  /** Of several objects each is named for the last member that it must have, as `SearchOutcomeProblem`. */
  #union(kinds: readonly Schema[], place: Place): string {
    const objects = kinds.filter(({ properties }) => properties !== undefined).length
    const types = kinds.map(kind => {
      const isOneOfSeveral = objects > 1 && kind['x-name'] === undefined
      const suffix = isOneOfSeveral ? toPascalCase(kind.required?.at(-1) ?? '') : ''
      return this.typeOf(kind, { ...place, name: `${place.name}${suffix}` })
    })
    // Of a field's value: what is whole stays so, however large.
    const isValue = !place.asked && (types.includes('str') || types.includes('bool'))
    return [...new Set(types.map(type => (isValue && type === 'float' ? 'int | float' : type)))].join(' | ')
  }

  #dict({ additionalProperties: values }: Schema, place: Place): string {
    const type = typeof values === 'object' ? this.typeOf(values, inside(place, `${place.name}Value`)) : 'Any'
    return `${place.asked ? 'Mapping' : 'dict'}[str, ${type}]`
  }

  #class({ properties, required }: Schema, place: Place): string {
    const { asked } = place
    if (writtenElsewhere.has(place.name)) return place.name
    const key = JSON.stringify([asked, properties, required])
    const known = this.#written.get(key)
    if (known !== undefined) return known
    const called = better[place.name] ?? place.name
    let name = called
    for (let count = 2; this.#taken.has(name); count++) name = `${called}${count}`
    this.#taken.add(name)
    this.#written.set(key, name)
    const members = Object.entries(properties ?? {}).flatMap(([member, own]) => {
      const type = this.typeOf(own, inside(place, `${name}${toPascalCase(member)}`))
      const needed = required?.includes(member) === true
      const line = asked ? requestLine(member, type, { needed, place }) : answerLine(member, type, needed)
      return own.description === undefined ? [line] : [line, `    ${docstring(own.description)}`]
    })
    const base = asked ? 'TypedDict' : (bases[name] ?? 'Answer')
    const body = members.length === 0 ? ['    pass'] : members
    this.classes.push('', '', `class ${name}(${base}):`, ...body)
    return name
  }
}

/** Where a schema stands. */
interface Place {
  /** What its class is called, where the contract has no name for it. */
  readonly name: string
  /** Whether it is of a request. */
  readonly asked: boolean
  /** Whether it is of a member of the request or answer, and not that itself. */
  readonly nested?: boolean
}

function inside(place: Place, name: string): Place {
  return { ...place, name, nested: true }
}

/** A newer coordinator may answer with a word that this client does not know; a request may not have one. */
function open(values: readonly unknown[], asked: boolean): string {
  const known = `Literal[${values.map(literal).join(', ')}]`
  return asked || values.some(value => typeof value !== 'string') ? known : `${known} | str`
}

function literal(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return JSON.stringify(value)
}

/** Arguments of a method are sent without an underscore at their end; what is inside of them is sent as it is. */
function requestLine(member: string, type: string, { needed, place }: { needed: boolean; place: Place }): string {
  if (reserved.has(member) && place.nested === true) {
    throw new Error(`${place.name}.${member}: a word of Python; choose another, or teach the client to send it`)
  }
  const name = reserved.has(member) ? `${member}_` : member
  return `    ${name}: ${needed ? type : `NotRequired[${type}]`}`
}

function answerLine(member: string, type: string, needed: boolean): string {
  const [name, alias] = reserved.has(member) ? [`${member}_`, `alias="${member}"`] : [member, undefined]
  if (needed) return `    ${name}: ${type}${alias === undefined ? '' : ` = Field(${alias})`}`
  return `    ${name}: ${orNone(type)} = ${alias === undefined ? 'None' : `Field(None, ${alias})`}`
}

function orNone(type: string): string {
  return type === 'Any' || /(^|\| )None$/.test(type) ? type : `${type} | None`
}

export function docstring(text: string): string {
  const escaped = text
    .replace(/\b[Nn]ull\b/g, 'None')
    .replaceAll('\\', '\\\\')
    .replaceAll('"""', "'''")
  return `"""${escaped}${escaped.endsWith('"') ? ' ' : ''}"""`
}

function singular(name: string): string {
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y')
  return /(ch|sh|x|ss|as)es$/.test(name) ? name.slice(0, -2) : name.replace(/s$/, '')
}

export function toPascalCase(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}

export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
