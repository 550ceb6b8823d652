import assert from 'node:assert/strict'
import { type Container, type EnvironmentSource, type KubeObject, type PodSpec, podsIn } from './chart.ts'

/** What a field of the pod or a resource of the container says once the pod runs. */
const atRunTime: Readonly<Record<string, string>> = {
  'metadata.name': 'try-hypershard-shard-server-0',
  'status.podIP': '10.0.0.7',
  "metadata.labels['topology.kubernetes.io/zone']": 'eu-central-1a',
  'requests.cpu': '2',
}

/** The container's variables with what stands for their sources. */
export function environmentOf({ env = [] }: Container): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const entry of env) {
    const text = entry.value ?? sourceOf(entry.valueFrom!)
    environment[entry.name] = text.replace(/\$\((\w+)\)/g, (_, name: string) => {
      assert(environment[name] !== undefined, `${entry.name} names ${name}, which does not stand before it`)
      return environment[name]
    })
  }
  return environment
}

function sourceOf({ fieldRef, resourceFieldRef, secretKeyRef }: EnvironmentSource): string {
  if (secretKeyRef !== undefined) return 'from-a-secret'
  const found = atRunTime[fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? '']
  assert(found !== undefined, `what ${JSON.stringify({ fieldRef, resourceFieldRef })} says is not known here`)
  return found
}

/** What a pod may do that none of hypershard needs. */
export function privilegesOf(pod: PodSpec): string[] {
  const containers = [...pod.containers, ...(pod.initContainers ?? [])]
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'].filter(field => pod[field] === true),
    ...(pod.automountServiceAccountToken === false ? [] : ['a token of its service account']),
    ...(pod.volumes ?? []).filter(volume => 'hostPath' in volume).map(volume => `hostPath ${volume.name}`),
    ...containers.flatMap(({ name, securityContext: has = {}, ports = [] }) => {
      const expected = {
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      }
      const wrong = Object.entries(expected).filter(
        ([field, value]) => JSON.stringify(has[field]) !== JSON.stringify(value),
      )
      return [
        ...wrong.map(([field]) => `${name}: ${field}`),
        ...ports.flatMap(port => ('hostPort' in port ? [port.name] : [])),
      ]
    }),
    ...(JSON.stringify(pod.securityContext?.seccompProfile) === '{"type":"RuntimeDefault"}' ? [] : ['seccomp']),
  ]
}

/** Names that objects call others of the chart by, and that none has. */
export function danglingNames(objects: readonly KubeObject[]): string[] {
  const named = (kind: string) => new Set(objects.filter(one => one.kind === kind).map(one => one.metadata.name))
  const services = named('Service')
  const problems: string[] = []
  for (const { kind, metadata, spec } of objects) {
    if (kind === 'StatefulSet' && !services.has(spec.serviceName))
      problems.push(`${metadata.name}: ${spec.serviceName}`)
    if (kind !== 'HorizontalPodAutoscaler') continue
    const { kind: of, name } = spec.scaleTargetRef
    if (!named(of).has(name)) problems.push(`${metadata.name}: ${of} ${name}`)
  }
  const hosts = JSON.stringify(objects).matchAll(
    /(?:redis:\/\/(?:[^@"]*@)?|dns:\/\/\/|HYPERSHARD_COORDINATORS","value":")([\w-]+)/g,
  )
  for (const [, host] of hosts) if (!services.has(host!)) problems.push(`no service ${host}`)
  const accounts = named('ServiceAccount')
  for (const [name, pod] of podsIn(objects)) {
    const account = pod.serviceAccountName as string | undefined
    if (account !== undefined && !accounts.has(account)) problems.push(`${name}: account ${account}`)
  }
  return problems
}

interface PolicyRule {
  readonly ports: readonly { readonly port: number }[]
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
}

/** Which pods may call which by the policies: as the called say, and where the callers say otherwise. */
export function allowedCalls(objects: readonly KubeObject[]): { ingress: string[]; unlike: string[] } {
  const component = 'app.kubernetes.io/component'
  const calls = { ingress: new Set<string>(), egress: new Set<string>() }
  for (const { spec } of objects.filter(({ kind }) => kind === 'NetworkPolicy')) {
    const own = spec.podSelector.matchLabels[component]
    for (const way of ['ingress', 'egress'] as const) {
      for (const { ports, from, to } of spec[way] as PolicyRule[]) {
        for (const { podSelector } of from ?? to ?? []) {
          const other = podSelector?.matchLabels[component]
          if (other === undefined) continue
          const [called, caller] = way === 'ingress' ? [own, other] : [other, own]
          for (const { port } of ports) calls[way].add(`${called}:${port} from ${caller}`)
        }
      }
    }
  }
  const all = [...calls.ingress, ...calls.egress]
  const unlike = all.filter(call => !calls.ingress.has(call) || !calls.egress.has(call))
  return { ingress: [...calls.ingress].sort(), unlike }
}
