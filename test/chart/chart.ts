import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'

export const repository: string = fileURLToPath(new URL('../../', import.meta.url))
export const chartFolder: string = join(repository, 'deploy/helm/hypershard')
/** What deploy/helm/tools.sh builds. */
export const toolsFolder: string = join(repository, '.cache/chart-tools')

/** The version that tools.sh takes the API specification of; helm built by itself believes in an ancient one. */
export const kubernetesVersion = '1.34.0'

/** Values that the chart is rendered with, by name: deploy/helm/values. */
export const valueSets: ReadonlyMap<string, string> = new Map(
  globSync(join(repository, 'deploy/helm/values/*.yaml'))
    .sort()
    .map(path => [basename(path, '.yaml'), path]),
)

const run = promisify(execFile)

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export function hasTool(name: string): boolean {
  return searchPath.split(delimiter).some(folder => existsSync(join(folder, name)))
}

const searchPath = `${join(toolsFolder, 'bin')}${delimiter}${process.env.PATH ?? ''}`

/** Runs a tool to its end, however that is. */
export async function runTool(name: string, ...words: string[]): Promise<Outcome> {
  try {
    const options = { env: { ...process.env, PATH: searchPath }, maxBuffer: 64 * 1024 * 1024 }
    return { code: 0, ...(await run(name, words, options)) }
  } catch (error) {
    const { code, stdout, stderr } = error as Outcome
    if (typeof code !== 'number') throw error
    return { code, stdout, stderr }
  }
}

export function helm(...words: string[]): Promise<Outcome> {
  return runTool('helm', ...words, '--kube-version', kubernetesVersion)
}

/** One object of Kubernetes, as far as tests look at it. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  // biome-ignore lint/suspicious/noExplicitAny: its schema is Kubernetes' own, and checked against it elsewhere
  readonly [field: string]: any
}

/** @param words more options of `helm template` */
export async function render(valueSet: string, ...words: string[]): Promise<string> {
  const values = valueSets.get(valueSet)!
  const { code, stdout, stderr } = await helm('template', 'try', chartFolder, '-n', 'search', '-f', values, ...words)
  if (code !== 0) throw new Error(stderr)
  return stdout
}

export function objectsIn(manifest: string): KubeObject[] {
  return parseAllDocuments(manifest).flatMap(document => (document.toJS() as KubeObject | null) ?? [])
}

export interface EnvironmentEntry {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: EnvironmentSource
}

/** Where a variable's value comes from when the pod runs; one of them. */
export interface EnvironmentSource {
  readonly fieldRef?: { readonly fieldPath: string }
  readonly resourceFieldRef?: { readonly resource: string }
  readonly secretKeyRef?: { readonly name: string; readonly key: string }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly args?: readonly string[]
  readonly env?: readonly EnvironmentEntry[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly readinessProbe?: { readonly httpGet: Readonly<Record<string, string>> }
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Readonly<Record<string, unknown>>[]
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly automountServiceAccountToken?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly [field: string]: unknown
}

/** The pods that objects stand for, by the objects' names. */
export function podsIn(objects: readonly KubeObject[]): Map<string, PodSpec> {
  const pods = new Map<string, PodSpec>()
  for (const { kind, metadata, spec } of objects) {
    if (kind === 'Pod') pods.set(metadata.name, spec)
    if (kind === 'Deployment' || kind === 'StatefulSet') pods.set(metadata.name, spec.template.spec)
  }
  return pods
}

export function readYaml(path: string): unknown {
  return parse(readFileSync(path, 'utf8'))
}
