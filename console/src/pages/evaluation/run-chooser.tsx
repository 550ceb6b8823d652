import { parseRun } from '@hypershard/evaluation/browser'
import { Button } from '../../parts/button.tsx'
import { SelectField } from '../../parts/fields.tsx'
import { downloadRun } from './download-run.ts'
import { GivenText } from './given-text.tsx'
import type { KeptRun } from './kept-run.ts'
import { evaluations } from './use-evaluation.ts'

export interface RunChooserProps {
  readonly runs: readonly KeptRun[]
  readonly chosen: KeptRun | undefined
  readonly other: KeptRun | undefined
  readonly onChoose: (id: string) => void
  /** Empty: none. */
  readonly onOther: (id: string) => void
}

/** The runs of this tab: one is judged, another may stand beside it. A run of elsewhere comes in as a TREC file. */
export function RunChooser({ runs, chosen, other, onChoose, onOther }: RunChooserProps) {
  const options = runs.map(({ id, name }) => ({ value: id, label: name }))
  return (
    <section class="panel" aria-labelledby="runs-title">
      <h2 id="runs-title">Runs of this tab</h2>
      {chosen !== undefined && (
        <div class="evaluation-runs">
          <SelectField label="Judge" value={chosen.id} options={options} onValue={onChoose} />
          <SelectField
            label="Against"
            value={other?.id ?? ''}
            options={[{ value: '', label: 'nothing' }, ...options.filter(({ value }) => value !== chosen.id)]}
            onValue={onOther}
          />
          <div class="row">
            <Button onClick={() => downloadRun(chosen)}>Download as TREC run</Button>
            <Button onClick={() => evaluations.drop(chosen.id)}>Forget this run</Button>
          </div>
        </div>
      )}
      <GivenText
        label="A TREC run"
        hint="Six columns: query, Q0, document, rank, score, tag. Kept as a run to judge or to compare with."
        placeholder="q1 Q0 document-7 1 0.8083 mine"
        told={undefined}
        onGiven={async source => {
          const { run } = await parseRun(source)
          if (run.size === 0) throw new Error(`${source.path} has no hits in it`)
          onOther(evaluations.keep({ name: source.path, run, asked: undefined }).id)
        }}
      />
    </section>
  )
}
