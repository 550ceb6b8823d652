import type { IndexDescription, SegmentDescription } from '@hypershard/contract'
import { useMemo } from 'preact/hooks'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { toldBytes, toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'

/** Of which files the served generation consists. */
export function SegmentsPanel({
  index: { name, generation, manifest_version: version },
}: {
  readonly index: IndexDescription
}) {
  const { client } = useSession()
  const { value, error } = useLoaded(
    signal => client.listSegments(name, generation, { signal }),
    [client, name, generation, version],
  )
  const columns = useMemo(segmentColumns, [])
  const bytes = value?.segments.reduce((sum, segment) => sum + segment.bytes, 0) ?? 0
  return (
    <div class="stack">
      <ProblemBox error={error} what="The segments" />
      {value !== undefined && (
        <>
          <p class="soft small">
            {toldCount(value.segments.length)} of generation {value.generation}, version{' '}
            {toldCount(value.manifest_version)}, with {toldBytes(bytes)} in the store
          </p>
          <DataTable
            label={`Segments of ${name}`}
            columns={columns}
            rows={value.segments}
            keyOf={({ digest }) => digest}
            empty="Nothing is indexed yet."
          />
        </>
      )}
    </div>
  )
}

function segmentColumns(): Column<SegmentDescription>[] {
  const counted = (name: 'documents' | 'documents_deleted' | 'documents_truncated', title: string) => ({
    name,
    title,
    right: true,
    cell: (segment: SegmentDescription) => toldCount(segment[name]),
    sortBy: (segment: SegmentDescription) => segment[name],
  })
  return [
    { name: 'shard', title: 'Shard', right: true, cell: ({ shard }) => shard, sortBy: ({ shard }) => shard },
    counted('documents', 'Documents'),
    counted('documents_deleted', 'Deleted'),
    counted('documents_truncated', 'Truncated'),
    {
      name: 'passages',
      title: 'Passages',
      right: true,
      cell: ({ passages }) => (passages === null ? '–' : toldCount(passages)),
      sortBy: ({ passages }) => passages,
    },
    { name: 'bytes', title: 'Size', right: true, cell: ({ bytes }) => toldBytes(bytes), sortBy: ({ bytes }) => bytes },
    {
      name: 'digest',
      title: 'Segment',
      cell: ({ digest }) => (
        <span class="mono" title={digest}>
          {digest.slice(0, 12)}
        </span>
      ),
    },
  ]
}
