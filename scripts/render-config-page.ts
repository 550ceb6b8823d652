import type { ConfigShape } from '@hypershard/common'
import { coordinatorConfig } from '@hypershard/coordinator/config'
import { encoderServiceConfig } from '@hypershard/encoder-service/config'
import { indexerConfig } from '@hypershard/indexer/config'
import { shardServerConfig } from '@hypershard/shard-server/config'

const processes: readonly { title: string; shape: ConfigShape }[] = [
  { title: 'Coordinator', shape: coordinatorConfig },
  { title: 'Encoder service', shape: encoderServiceConfig },
  { title: 'Indexer', shape: indexerConfig },
  { title: 'Shard server', shape: shardServerConfig },
]

const introduction = `# Settings

Each process reads its settings from the environment once, at start.
A missing required setting, a value out of range and a setting that no process has (likely a typing error) are refused,
all problems in one message.
What Kubernetes injects for services is left out ([operations](operations.md#proxies-and-injected-variables)).
\`hypershard up\` sets them for a cluster on one machine.
This page is generated from the schemas by \`npm run generate\`.
`

/** docs/config.md as the schemas have it. */
export function renderConfigPage(): string {
  const sections = processes.map(({ title, shape }) => `## ${title}\n\n${renderTable(shape)}\n`)
  return [introduction, ...sections].join('\n')
}

function renderTable(shape: ConfigShape): string {
  const rows = Object.entries(shape).map(([name, schema]) => {
    const absent = schema.safeParse(undefined)
    const fallback = absent.success ? (absent.data === undefined ? '–' : `\`${absent.data}\``) : 'required'
    return `| \`${name}\` | ${fallback} | ${schema.description ?? ''} |`
  })
  return ['| setting | default | |', '|---|---|---|', ...rows].join('\n')
}
