import { queryCharactersMax } from '@hypershard/contract/limits'
import { Button } from '../../parts/button.tsx'
import { TextArea } from '../../parts/fields.tsx'
import { useSession } from '../../state/session.ts'
import { firstText, type LabQuery } from './expression-draft.ts'
import { ExpressionEditor } from './expression-editor.tsx'

export interface QueryFieldProps {
  readonly query: LabQuery
  readonly onQuery: (query: LabQuery) => void
  /** Called at Enter in a text. */
  readonly onEnter: () => void
}

/** What to search for: a text, or several that are put together. */
export function QueryField({ query, onQuery, onEnter }: QueryFieldProps) {
  const { access } = useSession()
  if (typeof query !== 'string') {
    return (
      <div class="stack">
        <ExpressionEditor query={query} onQuery={next => onQuery(next ?? { any: [] })} />
        <div class="row">
          <Button kind="quiet" onClick={() => onQuery(firstText(query))}>
            Back to one text
          </Button>
        </div>
      </div>
    )
  }
  const long = query.length > 2 * queryCharactersMax
  return (
    <div class="stack query-text">
      <TextArea
        label="Query"
        value={query}
        rows={2}
        placeholder="What to search for"
        onValue={onQuery}
        onEnter={onEnter}
        error={long ? `at most ${queryCharactersMax.toLocaleString('en')} characters` : undefined}
      />
      {!access.filtered && (
        <div class="row">
          <Button kind="quiet" onClick={() => onQuery({ any: query.trim() === '' ? [] : [query] })}>
            Compose of several
          </Button>
        </div>
      )}
    </div>
  )
}
