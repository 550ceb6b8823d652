import type { EncoderDescription } from '@hypershard/contract'
import { useMemo } from 'preact/hooks'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'

/** The encoder services, and how much waits there for a batch. */
export function EncodersTable({ encoders }: { readonly encoders: readonly EncoderDescription[] }) {
  const columns = useMemo(encoderColumns, [])
  return (
    <section class="panel" aria-labelledby="encoders-title">
      <h2 id="encoders-title">Encoder services</h2>
      <DataTable
        label="Encoder services"
        columns={columns}
        rows={encoders}
        keyOf={({ address }) => address}
        empty="No encoder service is known: nothing encodes queries of text, or documents."
      />
    </section>
  )
}

function encoderColumns(): Column<EncoderDescription>[] {
  const waiting = (kind: 'queries' | 'documents' | 'pairs', title: string): Column<EncoderDescription> => ({
    name: kind,
    title,
    right: true,
    cell: encoder => (encoder.waiting === null ? '–' : toldCount(encoder.waiting[kind])),
    sortBy: encoder => encoder.waiting?.[kind],
  })
  return [
    {
      name: 'address',
      title: 'Service',
      cell: ({ address }) => (
        <span class="mono">
          <Shown text={address} />
        </span>
      ),
      sortBy: ({ address }) => address,
    },
    { name: 'state', title: 'State', cell: encoder => <EncoderState encoder={encoder} />, sortBy: ({ live }) => live },
    waiting('queries', 'Queries waiting'),
    waiting('documents', 'Documents waiting'),
    waiting('pairs', 'Pairs waiting'),
    {
      name: 'outstanding',
      title: 'Asked by this coordinator',
      right: true,
      cell: ({ outstanding }) => toldCount(outstanding),
      sortBy: ({ outstanding }) => outstanding,
    },
    { name: 'models', title: 'Models', cell: encoder => <Models encoder={encoder} /> },
    { name: 'weight', title: 'Weight', right: true, cell: ({ weight }) => weight },
    { name: 'version', title: 'Protocol', right: true, cell: encoder => encoder.protocol_version ?? '–' },
  ]
}

function EncoderState({ encoder: { live, draining, down_reason: reason } }: { readonly encoder: EncoderDescription }) {
  const [state, tone] = live ? (draining ? ['draining', 'warn'] : ['live', 'good']) : ['down', 'bad']
  return (
    <div class="server-state">
      <span class={`tag ${tone}`}>{state}</span>
      {!live && (
        <span class="small soft">
          <Shown text={reason ?? 'no reason is given'} max={200} />
        </span>
      )}
    </div>
  )
}

function Models({ encoder: { models } }: { readonly encoder: EncoderDescription }) {
  if (models === null) return <span class="soft">–</span>
  return (
    <ul class="row">
      {models.map(({ name, digest, document_kernel: kernel }) => (
        <li key={digest} class="tag" title={digest}>
          <Shown text={name} max={64} /> {kernel}
        </li>
      ))}
    </ul>
  )
}
