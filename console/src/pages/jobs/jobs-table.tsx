import { useMemo } from 'preact/hooks'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { toldCount, toldShare } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { copiedShare } from './job-of.ts'
import type { SeenIndex } from './see-jobs.ts'

export interface JobsTableProps {
  readonly seen: readonly SeenIndex[]
  readonly chosen: string | undefined
}

/** Every index: how far searches are behind its writes, and what is being built. */
export function JobsTable({ seen, chosen }: JobsTableProps) {
  const columns = useMemo(() => columnsOf(chosen), [chosen])
  return (
    <DataTable
      label="Indexing of every index"
      columns={columns}
      rows={seen}
      keyOf={({ description }) => description.name}
      empty="There is no index that your key may read."
    />
  )
}

function columnsOf(chosen: string | undefined): Column<SeenIndex>[] {
  return [
    {
      name: 'index',
      title: 'Index',
      cell: ({ description: { name } }) => (
        <a href={hrefOf('jobs', { index: name })} aria-current={name === chosen ? 'true' : undefined}>
          <Shown text={name} />
        </a>
      ),
      sortBy: ({ description }) => description.name,
    },
    {
      name: 'lag',
      title: 'Writes not searchable yet',
      right: true,
      cell: ({ jobs }) => (jobs === undefined ? '–' : toldCount(jobs.lag)),
      sortBy: ({ jobs }) => jobs?.lag,
    },
    {
      name: 'documents',
      title: 'Documents',
      right: true,
      cell: ({ description }) => toldCount(description.documents),
      sortBy: ({ description }) => description.documents,
    },
    {
      name: 'served',
      title: 'Served',
      right: true,
      cell: ({ jobs }) => jobs?.served?.generation ?? '–',
      sortBy: ({ jobs }) => jobs?.served?.generation,
    },
    { name: 'building', title: 'Being built', cell: row => <BuildingCell row={row} />, sortBy: shareBuilt },
    {
      name: 'beside',
      title: 'Kept beside',
      cell: ({ jobs }) => jobs?.beside.map(({ generation }) => generation).join(', ') || '–',
    },
    { name: 'problem', title: 'Problem', cell: row => <ProblemCell row={row} /> },
  ]
}

function shareBuilt({ jobs }: SeenIndex): number | undefined {
  return jobs?.building && copiedShare(jobs.building)
}

function BuildingCell({ row: { jobs } }: { readonly row: SeenIndex }) {
  if (jobs?.building === undefined) return <span class="soft">–</span>
  const { building } = jobs
  const { caught_up: caughtUp } = building.progress
  const state = building.paused ? 'paused' : caughtUp ? 'caught up' : toldShare(copiedShare(building))
  return (
    <span class={caughtUp ? 'tag good' : building.paused ? 'tag warn' : 'tag accent'}>
      generation {building.generation}: {state}
    </span>
  )
}

function ProblemCell({ row: { jobs, error } }: { readonly row: SeenIndex }) {
  const told = error === undefined ? jobs?.problems.join('; ') : error instanceof Error ? error.message : String(error)
  if (told === undefined || told === '') return <span class="soft">–</span>
  return (
    <span class="problem-cell">
      <Shown text={told} max={300} />
    </span>
  )
}
