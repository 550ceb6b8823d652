import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { chartFolder, readYaml, repository, valueSets } from './chart.ts'
import { processSettings } from './process-settings.ts'

interface ValuesSchema {
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, ValuesSchema>>
  readonly additionalProperties?: unknown
}

const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as ValuesSchema & {
  readonly $defs: Readonly<Record<string, ValuesSchema>>
}
const defaults = readYaml(join(chartFolder, 'values.yaml'))
const templates = globSync(join(chartFolder, 'templates/**/*.{yaml,tpl}')).map(path => ({
  path: path.slice(chartFolder.length + 1),
  text: readFileSync(path, 'utf8'),
}))
const allText = templates.map(({ text }) => text).join('\n')

/** Helm gives every chart this one. */
const helmsOwn = 'global'

describe('the files of the chart', () => {
  it('have a schema that the defaults and every example keep to', () => {
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema)
    for (const values of [defaults, ...[...valueSets.values()].map(readYaml)]) {
      assert(validate(values), JSON.stringify(validate.errors, null, 2))
    }
  })

  it('have in values.yaml what the schema has, no more and no less', () => {
    assert.deepEqual(differences(defaults, schema, ''), [])
  })

  it('leave no object of the schema open that has fields of its own', () => {
    assert.deepEqual(openObjects(schema, ''), [])
  })

  it('use each value, and none that there is not', () => {
    const used = [...allText.matchAll(/\.Values((?:\.\w+)+)/g)].map(match => match[1]!.slice(1).split('.'))
    const missing = used.filter(path => !isThere(defaults, path)).map(path => path.join('.'))
    assert.deepEqual(missing, [])
    const words = new Set(allText.match(/\w+/g))
    assert.deepEqual(
      leavesOf(defaults).filter(name => !words.has(name)),
      [],
    )
  })

  it('set what some process has a setting for', () => {
    const known = new Set([...processSettings.values()].flatMap(shape => Object.keys(shape)))
    const forCommands = new Set(['HYPERSHARD_URL', 'HYPERSHARD_API_KEY', 'HYPERSHARD_CA_FILE'])
    const named = new Set(allText.match(/\bHYPERSHARD_[A-Z0-9_]+\b/g))
    assert(named.size > 20)
    assert.deepEqual(
      [...named].filter(name => !known.has(name) && !forCommands.has(name)),
      [],
    )
  })

  it('listen where the processes do', () => {
    const listening = new Map(
      [...allText.matchAll(/(HYPERSHARD_\w*LISTEN)\n +value: .*:(\d+)"/g)].map(([, name, port]) => [name!, port!]),
    )
    assert.equal(listening.size, 6)
    for (const shape of processSettings.values()) {
      for (const [name, setting] of Object.entries(shape)) {
        const { data } = setting.safeParse(undefined)
        if (name.endsWith('_LISTEN') && data !== undefined)
          assert.equal(listening.get(name), String(data).split(':')[1])
      }
    }
    const container = new Set([...allText.matchAll(/containerPort: (77\d+)/g)].map(([, port]) => port))
    assert.deepEqual(container, new Set(listening.values()))
  })

  it('run the image as the user that it was built for', () => {
    const dockerfile = readFileSync(join(repository, 'deploy/Dockerfile'), 'utf8')
    const [, user, group] = /^USER (\d+):(\d+)$/m.exec(dockerfile)!
    const { securityContext } = defaults as { securityContext: Record<string, number> }
    assert.deepEqual(securityContext, { runAsUser: Number(user), runAsGroup: Number(group), fsGroup: Number(group) })
    for (const process of processSettings.keys()) assert.match(allText, new RegExp(`"process" "${process}"`))
  })

  it('scale by metrics that the rules of the adapter make', () => {
    const { rules } = readYaml(join(chartFolder, '../prometheus-adapter.yaml')) as {
      rules: Record<'custom' | 'external', { seriesQuery: string; name: { as: string } }[]>
    }
    const made = new Set([...rules.custom, ...rules.external].map(rule => rule.name.as))
    const examples = [join(chartFolder, 'values.yaml'), ...valueSets.values()].map(path => readFileSync(path, 'utf8'))
    const named = new Set(
      [...examples.join('\n').matchAll(/name: (hypershard_\w+), averageValue/g)].map(match => match[1]!),
    )
    assert.deepEqual(named, made)
    const counted = readFileSync(join(repository, 'docs/metrics.md'), 'utf8')
    for (const { seriesQuery } of [...rules.custom, ...rules.external]) {
      assert(counted.includes(`\`${seriesQuery.split('{')[0]}\``), `docs/metrics.md has no ${seriesQuery}`)
    }
  })

  it('carry the alerts and dashboards of the project themselves', () => {
    const of = (folder: string, names: string) =>
      globSync(join(folder, names)).map(path => [path.slice(folder.length + 1), readFileSync(path, 'utf8')])
    const alerts = of(join(repository, 'deploy/prometheus'), 'alerts.yml')
    assert.equal(alerts.length, 1)
    assert.deepEqual(of(join(chartFolder, 'files/prometheus'), 'alerts.yml'), alerts)
    const dashboards = of(join(repository, 'deploy/grafana'), '*.json')
    assert(dashboards.length >= 4)
    assert.deepEqual(of(join(chartFolder, 'files/grafana'), '*.json'), dashboards)
  })
})

function resolve(of: ValuesSchema): ValuesSchema {
  return of.$ref === undefined ? of : resolve(schema.$defs[of.$ref.split('/').at(-1)!]!)
}

/** Where the values and the schema name different fields. Whoever fills in an open map says what is in it. */
function differences(values: unknown, of: ValuesSchema, path: string): string[] {
  const { properties } = resolve(of)
  if (properties === undefined || path.endsWith('.requests') || path.endsWith('.limits') || path.endsWith('.affinity'))
    return []
  const given = Object.keys(values as object)
  const named = Object.keys(properties).filter(name => name !== helmsOwn)
  return [
    ...given.filter(name => !named.includes(name)).map(name => `${path}.${name} is in values.yaml alone`),
    ...named.filter(name => !given.includes(name)).map(name => `${path}.${name} is in the schema alone`),
    ...given.flatMap(name => {
      const [value, its] = [(values as Record<string, unknown>)[name], properties[name]]
      return its === undefined ? [] : differences(value, its, `${path}.${name}`)
    }),
  ]
}

function openObjects(of: ValuesSchema, path: string): string[] {
  const { properties, additionalProperties } = resolve(of)
  if (properties === undefined) return []
  const open = additionalProperties === undefined || additionalProperties === true ? [path] : []
  return [...open, ...Object.entries(properties).flatMap(([name, its]) => openObjects(its, `${path}.${name}`))]
}

function isThere(values: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true
  return typeof values === 'object' && values !== null && name in values && isThere(values[name as never], rest)
}

/** The names of all fields that hold no other object of the chart's. */
function leavesOf(values: unknown): string[] {
  return Object.entries(values as object).flatMap(([name, value]) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !['requests', 'limits', 'matchLabels', 'labels'].includes(name)
      ? [name, ...leavesOf(value)]
      : [name],
  )
}
