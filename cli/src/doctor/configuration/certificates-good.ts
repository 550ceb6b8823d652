import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type CertificateFiles, readCertificates } from '@hypershard/common'
import { clusterName } from '@hypershard/common/grpc'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

const dayMs = 86_400_000
/** Who renews by hand wants to know this long before. */
const daysLeftMin = 30

interface Shown {
  readonly files: CertificateFiles
  /** Names and addresses of which it must carry one; none where the settings do not tell how it is reached. */
  readonly hosts: readonly string[]
}

/** The certificates that the process would show can be used now and for a while, and carry its name. */
export const certificatesGood: Check<Configuration> = {
  name: 'certificates',
  look: async configuration => {
    const found = await Promise.all([...betweenProcesses(configuration), ...ofPublicPorts(configuration)])
    return found.flat()
  },
}

function betweenProcesses({ settings }: Configuration): Promise<Finding[]>[] {
  const names = ['HYPERSHARD_TLS_CERT', 'HYPERSHARD_TLS_KEY', 'HYPERSHARD_TLS_CA'] as const
  const [certificate, key, ca] = named(settings, names)
  if (certificate === undefined && key === undefined && ca === undefined) return []
  if (certificate === undefined || key === undefined || ca === undefined) return [oneIsMissing(names)]
  const listening = [
    settings.HYPERSHARD_ADVERTISE ?? settings.HYPERSHARD_SHARD_LISTEN ?? settings.HYPERSHARD_ENCODER_LISTEN,
  ]
  return [lookAt({ files: { certificate, key, ca }, hosts: [clusterName, ...hostsOf(listening)] })]
}

function ofPublicPorts({ settings }: Configuration): Promise<Finding[]>[] {
  const names = ['HYPERSHARD_HTTP_TLS_CERT', 'HYPERSHARD_HTTP_TLS_KEY'] as const
  const [certificate, key] = named(settings, names)
  if (certificate === undefined && key === undefined) return []
  if (certificate === undefined || key === undefined) return [oneIsMissing(names)]
  return [lookAt({ files: { certificate, key }, hosts: hostsOf([settings.HYPERSHARD_HTTP_LISTEN]) })]
}

function named(settings: Configuration['settings'], names: readonly string[]) {
  return names.map(name => {
    const path = settings[name]
    return typeof path === 'string' ? { name, path } : undefined
  })
}

async function oneIsMissing(names: readonly string[]): Promise<Finding[]> {
  return [problem(`of ${names.join(', ')} only some are set`, 'set all of them, or none')]
}

/** What the process itself would refuse is thrown, and told as it says it. */
async function lookAt({ files, hosts }: Shown): Promise<Finding[]> {
  const { certificate, expiresAt } = await readCertificates(files, Date.now())
  const leaf = new X509Certificate(certificate)
  const { name } = files.certificate
  const findings = [...lifeLeft(name, expiresAt), ...names(name, leaf, hosts)]
  return findings.length > 0 ? findings : [ok(`${name} is good until ${expiresAt.toISOString().slice(0, 10)}`)]
}

function lifeLeft(name: string, expiresAt: Date): Finding[] {
  const days = Math.floor((expiresAt.getTime() - Date.now()) / dayMs)
  if (days >= daysLeftMin) return []
  const says = `${name} expires in ${days} days, at ${expiresAt.toISOString()}`
  return [advice(says, 'renew it; processes read it again by themselves')]
}

function names(name: string, leaf: X509Certificate, hosts: readonly string[]): Finding[] {
  const { subjectAltName } = leaf
  if (subjectAltName === undefined) {
    const says = `${name} has no subjectAltName, and its common name is not looked at`
    return [problem(says, 'make it with the names and addresses that the process is called by')]
  }
  const carries = (host: string) => (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined
  if (hosts.length === 0 || hosts.some(carries)) return []
  const says = `${name} is for ${subjectAltName}, and not for ${hosts.join(' or ')}`
  return [problem(says, 'make it with that name; callers refuse it')]
}

/** Of `0.0.0.0` and the like others know nothing. */
function hostsOf(addresses: readonly unknown[]): string[] {
  return addresses
    .flatMap(address => (typeof address === 'string' ? [address.slice(0, address.lastIndexOf(':'))] : []))
    .map(host => host.replace(/^\[(.*)\]$/, '$1'))
    .filter(host => !['0.0.0.0', '::'].includes(host))
}
