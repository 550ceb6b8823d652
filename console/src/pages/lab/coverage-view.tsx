import type { CoverageAnswer } from '@hypershard/contract'
import { DataTable } from '../../parts/data-table.tsx'
import { Notice } from '../../parts/notice.tsx'
import { toldCount, toldShare } from '../../parts/numbers.ts'
import { SegmentBar } from '../../parts/segment-bar.tsx'
import { Shown } from '../../parts/shown.tsx'
import { coverageParts } from './coverage-parts.ts'

/** How much of the index was searched, and by name what was not. */
export function CoverageView({ coverage }: { readonly coverage: CoverageAnswer }) {
  const { ratio, missing, non_finite_scores } = coverage
  return (
    <div class="stack">
      <SegmentBar
        label={`Coverage, ${toldShare(ratio)} of ${toldCount(coverage.documents_eligible)} documents`}
        segments={coverageParts(coverage)}
      />
      {missing.length > 0 && (
        <>
          <Notice tone="warn">
            Only {toldShare(ratio)} was searched: {toldCount(missing.length)}{' '}
            {missing.length === 1 ? 'shard is' : 'shards are'} missing. Better hits may be among their documents.
          </Notice>
          <DataTable
            label="What is missing"
            rows={missing}
            keyOf={({ shard }) => String(shard)}
            columns={[
              { name: 'shard', title: 'Shard', right: true, cell: one => one.shard, sortBy: one => one.shard },
              { name: 'server', title: 'Server', cell: one => <Shown text={one.server} /> },
              { name: 'code', title: 'Code', cell: one => <span class="tag bad mono">{one.code}</span> },
              { name: 'documents', title: 'Documents', right: true, cell: one => toldCount(one.documents_missing) },
              { name: 'message', title: 'Why', cell: one => <Shown text={one.message} max={300} /> },
            ]}
          />
        </>
      )}
      {non_finite_scores > 0 && (
        <Notice tone="warn">
          {toldCount(non_finite_scores)} scores were NaN or infinite; these documents rank last.
        </Notice>
      )}
    </div>
  )
}
