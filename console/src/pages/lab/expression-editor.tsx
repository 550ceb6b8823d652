import { expressionDepthMax } from '@hypershard/contract/limits'
import { useState } from 'preact/hooks'
import { parseExact, printExact } from '../../api/parse-exact.ts'
import { Button } from '../../parts/button.tsx'
import { CheckField, NumberField, SelectField, TextArea, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import {
  draftOf,
  emptyLike,
  emptyText,
  faultOfDraft,
  type GroupDraft,
  isGroup,
  type LabQuery,
  type NodeDraft,
  queryOf,
} from './expression-draft.ts'

export interface ExpressionEditorProps {
  readonly query: LabQuery
  /** Undefined while there is nothing in it yet. */
  readonly onQuery: (query: LabQuery | undefined) => void
}

/** A query that is put together of several, line by line; one that no lines show is shown as JSON. */
export function ExpressionEditor({ query, onQuery }: ExpressionEditorProps) {
  const [draft, setDraft] = useState(() => draftOf(query))
  if (draft === undefined) return <ExpressionJson query={query} onQuery={onQuery} />
  const fault = faultOfDraft(draft)
  return (
    <fieldset class="expression">
      <legend class="field-label">Query</legend>
      <GroupForm
        group={draft}
        depth={1}
        onGroup={next => {
          setDraft(next)
          onQuery(queryOf(next))
        }}
      />
      {fault !== undefined && queryOf(draft) !== undefined && <Notice tone="warn">{fault}</Notice>}
    </fieldset>
  )
}

interface GroupFormProps {
  readonly group: GroupDraft
  readonly depth: number
  readonly onGroup: (group: GroupDraft) => void
}

const kindTitles = [
  { value: 'any', label: 'any of these: the best counts' },
  { value: 'all', label: 'all of these: the worst counts' },
] as const

function GroupForm({ group, depth, onGroup }: GroupFormProps) {
  const { kind, nodes } = group
  const put = (next: readonly NodeDraft[]) => onGroup({ ...group, nodes: next })
  const fresh: GroupDraft = {
    kind: kind === 'any' ? 'all' : 'any',
    nodes: [emptyText, emptyText],
    not: false,
    weight: undefined,
  }
  return (
    <div class="expression-group">
      <SelectField
        label="Finds"
        inLine
        value={kind}
        options={kindTitles}
        onValue={next => onGroup({ ...group, kind: next })}
      />
      <ul class="expression-nodes">
        {nodes.map((node, at) => (
          <li key={at} class="expression-node">
            <NodeForm
              node={node}
              depth={depth + 1}
              onNode={next => put(nodes.with(at, next))}
              onRemove={nodes.length === 1 ? undefined : () => put(nodes.toSpliced(at, 1))}
            />
          </li>
        ))}
      </ul>
      <div class="row">
        <Button kind="quiet" onClick={() => put([...nodes, emptyText])}>
          + Text
        </Button>
        <Button kind="quiet" onClick={() => put([...nodes, emptyLike])}>
          + Like documents
        </Button>
        {depth + 1 < expressionDepthMax && (
          <Button kind="quiet" onClick={() => put([...nodes, fresh])}>
            + Group
          </Button>
        )}
      </div>
    </div>
  )
}

interface NodeFormProps {
  readonly node: NodeDraft
  readonly depth: number
  readonly onNode: (node: NodeDraft) => void
  readonly onRemove: (() => void) | undefined
}

/** A line: what it looks for, what it weighs, and whether what matches it is taken away. */
function NodeForm({ node, depth, onNode, onRemove }: NodeFormProps) {
  return (
    <>
      <NodeContent node={node} depth={depth} onNode={onNode} />
      <NumberField
        label="Weight"
        inLine
        value={node.weight}
        min={0}
        step="any"
        placeholder="weight 1"
        onValue={weight => onNode({ ...node, weight })}
      />
      <CheckField label="not" value={node.not} onValue={not => onNode({ ...node, not })} />
      <Button kind="quiet" label="Remove this line" disabled={onRemove === undefined} onClick={() => onRemove?.()}>
        ✕
      </Button>
    </>
  )
}

function NodeContent({ node, depth, onNode }: Omit<NodeFormProps, 'onRemove'>) {
  if (isGroup(node)) return <GroupForm group={node} depth={depth} onGroup={onNode} />
  if (node.kind === 'text') {
    return (
      <TextField
        label="Text"
        inLine
        placeholder="A text"
        value={node.text}
        onValue={text => onNode({ ...node, text })}
      />
    )
  }
  if (node.kind === 'like') {
    return (
      <TextField
        label="Like documents"
        inLine
        placeholder="like documents: id, id"
        value={node.ids}
        onValue={ids => onNode({ ...node, ids })}
      />
    )
  }
  const kind = Object.keys(node.node).join(', ')
  return (
    <TextField
      label={`A ${kind}`}
      inLine
      value={printExact(node.node).slice(0, 100)}
      onValue={() => undefined}
      disabled
    />
  )
}

function ExpressionJson({ query, onQuery }: ExpressionEditorProps) {
  const [text, setText] = useState(() => printExact(query, 2))
  const [fault, setFault] = useState<string>()
  const change = (next: string) => {
    setText(next)
    try {
      const value = parseExact(next)
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      setFault(isObject ? undefined : 'a JSON object')
      if (isObject) onQuery(value as LabQuery)
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error))
    }
  }
  return <TextArea label="Query, as JSON" value={text} rows={6} code error={fault} onValue={change} />
}
