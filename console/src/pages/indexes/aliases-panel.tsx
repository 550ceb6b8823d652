import type { AliasTable } from '@hypershard/contract'
import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'
import { whyNot } from '../../state/why-not.ts'
import { AddAliasDialog, RemoveAliasDialog } from './alias-dialogs.tsx'

type Alias = AliasTable['aliases'][number]

const lookMs = 5_000

/** Names that stand for an index. An index's own name is among them once it was moved. */
export function AliasesPanel({ indexes }: { readonly indexes: readonly string[] }) {
  const { client, access } = useSession()
  const live = useLive(signal => client.listAliases({ signal }), [client], { everyMs: lookMs })
  const refused = whyNot(access, { scope: 'admin' })
  const [adding, add] = useState(false)
  const [removed, remove] = useState<string>()
  const columns = useMemo(() => aliasColumns(refused === undefined ? remove : undefined), [refused])
  return (
    <section class="panel" aria-labelledby="aliases-title">
      <div class="panel-head">
        <h2 id="aliases-title">Aliases</h2>
        {refused === undefined ? (
          <Button onClick={() => add(true)}>Add or move an alias</Button>
        ) : (
          <span class="small soft">Changing them: {refused}</span>
        )}
      </div>
      <ProblemBox error={live.error} what="The aliases" onRetry={live.refresh} />
      {live.value !== undefined && (
        <DataTable
          label="Aliases"
          columns={columns}
          rows={live.value.aliases}
          keyOf={({ alias }) => alias}
          empty="No name stands for another index."
        />
      )}
      {adding && <AddAliasDialog indexes={indexes} onDone={live.refresh} onClose={() => add(false)} />}
      {removed !== undefined && (
        <RemoveAliasDialog alias={removed} onDone={live.refresh} onClose={() => remove(undefined)} />
      )}
    </section>
  )
}

function aliasColumns(remove: ((alias: string) => void) | undefined): Column<Alias>[] {
  const columns: Column<Alias>[] = [
    { name: 'alias', title: 'Name', cell: ({ alias }) => <Shown text={alias} />, sortBy: ({ alias }) => alias },
    {
      name: 'index',
      title: 'Stands for',
      cell: ({ index }) => (
        <a href={hrefOf('indexes', { index })}>
          <Shown text={index} />
        </a>
      ),
      sortBy: ({ index }) => index,
    },
    {
      name: 'generation',
      title: 'Generation',
      right: true,
      cell: ({ generation }) => generation,
      sortBy: ({ generation }) => generation,
    },
    {
      name: 'problem',
      title: 'Problem',
      cell: ({ problem }) => (problem === null ? <span class="soft">–</span> : <Shown text={problem} max={300} />),
    },
  ]
  if (remove === undefined) return columns
  const act = ({ alias, index }: Alias) =>
    // An index's own name is no alias that could be removed.
    alias === index ? null : (
      <Button kind="danger" label={`Remove ${alias}`} onClick={() => remove(alias)}>
        Remove
      </Button>
    )
  return [...columns, { name: 'act', title: <span class="unseen">Actions</span>, right: true, cell: act }]
}
