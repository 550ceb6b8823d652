import { isIP } from 'node:net'

/**
 * Kubernetes puts the addresses of all services of a namespace into every container's environment
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). Of a service called
 * `hypershard-encoder` with a port 7702 named `grpc` come:
 *
 *     HYPERSHARD_ENCODER_SERVICE_HOST=10.96.0.13
 *     HYPERSHARD_ENCODER_SERVICE_PORT=7702
 *     HYPERSHARD_ENCODER_SERVICE_PORT_GRPC=7702
 *     HYPERSHARD_ENCODER_PORT=tcp://10.96.0.13:7702
 *     HYPERSHARD_ENCODER_PORT_7702_TCP=tcp://10.96.0.13:7702
 *     HYPERSHARD_ENCODER_PORT_7702_TCP_PROTO=tcp
 *     HYPERSHARD_ENCODER_PORT_7702_TCP_PORT=7702
 *     HYPERSHARD_ENCODER_PORT_7702_TCP_ADDR=10.96.0.13
 *
 * Nobody wrote these as settings, so they are none. Name and value must both have the form: `HYPERSHARD_ENCODER_PORT=7702`
 * is somebody's typing error.
 */
const links: readonly { readonly name: RegExp; readonly holds: (value: string) => boolean }[] = [
  { name: /_SERVICE_HOST$/, holds: value => isIP(value) !== 0 },
  { name: /_SERVICE_PORT(_[A-Z0-9_]+)?$/, holds: isPort },
  { name: /_PORT(_\d+_(TCP|UDP|SCTP))?$/, holds: value => /^(tcp|udp|sctp):\/\/\S+:\d+$/i.test(value) },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)_PROTO$/, holds: value => /^(tcp|udp|sctp)$/i.test(value) },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)_PORT$/, holds: isPort },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)_ADDR$/, holds: value => isIP(value) !== 0 },
]

/** Whether Kubernetes may have put a variable there; no setting may have such a name, which a test looks after. */
export function isServiceLinkName(name: string): boolean {
  return links.some(link => link.name.test(name))
}

/** The environment without what Kubernetes put there for services. */
export function withoutServiceLinks(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const own = Object.entries(environment).filter(
    ([name, value = '']) => !links.some(link => link.name.test(name) && link.holds(value)),
  )
  return Object.fromEntries(own)
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value)
}
