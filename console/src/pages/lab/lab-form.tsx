import type { FieldDescriptions } from '@hypershard/contract'
import { hitsMax } from '@hypershard/contract/limits'
import { searchDefaults } from '@hypershard/contract/vocabulary'
import { useEffect, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { CheckField, NumberField, TextField } from '../../parts/fields.tsx'
import { FilterBuilder } from './filter-builder.tsx'
import { canSearch, type LabState, labHref } from './lab-state.ts'
import { QueryField } from './query-field.tsx'
import { type IndexFacts, SettingsForm } from './settings-form.tsx'
import { ShownForm } from './shown-form.tsx'
import { useIndexFacts } from './use-index-facts.ts'

export interface LabFormProps {
  /** What the link says. */
  readonly state: LabState
  readonly searching: boolean
  readonly onSearch: (state: LabState) => void
}

/** What to search, and how; nothing is searched before it is sent. */
export function LabForm({ state, searching, onSearch }: LabFormProps) {
  const { draft, setDraft, origin } = useDraft(state)
  const facts = useIndexFacts(draft.index)
  const change = (part: Partial<LabState>) => setDraft(now => ({ ...now, ...part }))
  const send = () => canSearch(draft) && onSearch(draft)
  const fields = facts.index?.fields ?? {}
  // Groups say themselves how many hits they have; the coordinator takes no `k` beside them.
  const grouped = draft.shown.group_by !== undefined
  return (
    <form
      class="panel lab-form"
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      <div class="lab-ask">
        <TextField
          label="Index or alias"
          value={draft.index}
          suggestions={facts.names}
          onValue={index => change({ index })}
        />
        <QueryField key={origin} query={draft.query} onQuery={query => change({ query })} onEnter={send} />
        <NumberField
          label="Hits (k)"
          value={draft.k}
          disabled={grouped}
          min={1}
          max={hitsMax}
          placeholder={grouped ? '–' : String(searchDefaults.k)}
          onValue={k => change({ k })}
        />
        <Button type="submit" kind="primary" disabled={!canSearch(draft)}>
          {searching ? 'Searching…' : 'Search'}
        </Button>
      </div>
      <FilterBuilder
        key={JSON.stringify([origin, Object.keys(fields)])}
        fields={fields}
        words={facts.index === undefined || facts.index.lexical !== undefined}
        filter={draft.filter}
        onFilter={filter => change({ filter })}
      />
      <WhatIsShown key={JSON.stringify([origin, fields])} draft={draft} fields={fields} onChange={change} />
      <HowSearched draft={draft} facts={facts} onChange={change} />
    </form>
  )
}

/**
 * What stands in the form. It follows a link that leads elsewhere, and stays as it is, focus and all, when it made the link
 * itself. `origin` changes with what did not come from the form.
 */
function useDraft(state: LabState) {
  const [{ draft, origin }, set] = useState({ draft: state, origin: 0 })
  const href = labHref(state)
  useEffect(() => {
    set(now => (labHref(now.draft) === href ? now : { draft: state, origin: now.origin + 1 }))
  }, [href])
  const setDraft = (change: (now: LabState) => LabState) => set(now => ({ ...now, draft: change(now.draft) }))
  return { draft, origin, setDraft }
}

interface HowSearchedProps {
  readonly draft: LabState
  readonly facts: IndexFacts
  readonly onChange: (part: Partial<LabState>) => void
}

interface WhatIsShownProps {
  readonly draft: LabState
  readonly fields: FieldDescriptions
  readonly onChange: (part: Partial<LabState>) => void
}

/** Groups, order, counted values and marked words; folded away while none is asked for. */
function WhatIsShown({ draft: { shown, k, a, b }, fields, onChange }: WhatIsShownProps) {
  const whole = shown.group_by !== undefined || shown.sort !== undefined
  const planned = [a, b].some(side => side?.plan !== undefined && side.plan !== 'exact')
  return (
    <details open={Object.keys(shown).length > 0}>
      <summary>What is shown</summary>
      <ShownForm
        shown={shown}
        fields={fields}
        onShown={next => onChange({ shown: next, k: next.group_by === undefined ? k : undefined })}
      />
      {whole && (
        <p class={planned ? 'small lab-whole warn' : 'small soft lab-whole'}>
          Groups and another order are made of all documents that pass the filter: every one is scored, by the plan
          exact.
        </p>
      )}
    </details>
  )
}

/** The settings of the search, or of the two; folded away while all are the coordinator's own. */
function HowSearched({ draft: { a, b, minCoverage }, facts, onChange }: HowSearchedProps) {
  return (
    <details open={Object.keys(a).length > 0 || b !== undefined || minCoverage !== undefined}>
      <summary>How it is searched</summary>
      <div class={b === undefined ? 'stack lab-settings' : 'lab-settings lab-sides'}>
        <section class="stack">
          {b !== undefined && <h3>A</h3>}
          <SettingsForm settings={a} facts={facts} onSettings={next => onChange({ a: next })} />
        </section>
        {b !== undefined && (
          <section class="stack">
            <h3>B</h3>
            <SettingsForm settings={b} facts={facts} onSettings={next => onChange({ b: next })} />
          </section>
        )}
      </div>
      <div class="row lab-both">
        <CheckField
          label="Compare with a second search of the same"
          value={b !== undefined}
          onValue={on => onChange({ b: on ? a : undefined })}
        />
        <NumberField
          label="Least coverage"
          value={minCoverage}
          min={0}
          max={1}
          step="any"
          placeholder={String(searchDefaults.min_coverage)}
          onValue={next => onChange({ minCoverage: next })}
        />
      </div>
    </details>
  )
}
