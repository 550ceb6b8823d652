import type { FieldDescriptions } from '@hypershard/contract'
import { useState } from 'preact/hooks'
import { parseExact, printExact } from '../../api/parse-exact.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField, TextArea, TextField } from '../../parts/fields.tsx'
import {
  type FilterGroup,
  type FilterOperator,
  type FilterRow,
  faultOf,
  filterGroups,
  filterOf,
  operatorsOf,
  rowsOf,
  wordsField,
} from './filter-rows.ts'
import type { SearchFilter } from './lab-state.ts'

export interface FilterBuilderProps {
  /** Of the index; empty where the key may not read them. */
  readonly fields: FieldDescriptions
  /** Whether conditions on words can be asked for: of an index that keeps them, or one that may be. */
  readonly words: boolean
  readonly filter: SearchFilter | undefined
  readonly onFilter: (filter: SearchFilter | undefined) => void
}

const groupTitles: Readonly<Record<FilterGroup, string>> = { must: 'must', should: 'one of', must_not: 'must not' }

const operatorTitles: Readonly<Record<FilterOperator, string>> = {
  equals: 'is',
  in: 'is one of',
  gte: '≥',
  lte: '≤',
  gt: '>',
  lt: '<',
  exists: 'exists',
}

/** A filter, condition by condition; one that has groups in groups is shown as JSON. */
export function FilterBuilder({ fields, words, filter, onFilter }: FilterBuilderProps) {
  const [rows, setRows] = useState(() => rowsOf(filter))
  if (rows === undefined) return <FilterJson filter={filter} onFilter={onFilter} />
  const change = (next: readonly FilterRow[]) => {
    setRows(next)
    onFilter(filterOf(next, fields))
  }
  const names = Object.keys(fields)
  const first = names[0] ?? ''
  const fresh: FilterRow = { group: 'must', field: first, operator: operatorsOf(fields[first]?.type)[0]!, value: '' }
  return (
    <fieldset class="filter">
      <legend class={rows.length === 0 ? 'unseen' : 'field-label'}>Filter</legend>
      {rows.map((row, at) => (
        <FilterRowForm
          key={at}
          row={row}
          fields={fields}
          words={words}
          onRow={next => change(rows.with(at, next))}
          onRemove={() => change(rows.toSpliced(at, 1))}
        />
      ))}
      <div class="row">
        <Button kind="quiet" onClick={() => change([...rows, fresh])}>
          {rows.length === 0 ? '+ Filter' : '+ Condition'}
        </Button>
        {rows.length > 0 && (
          <Button kind="quiet" onClick={() => setRows(undefined)}>
            As JSON
          </Button>
        )}
      </div>
    </fieldset>
  )
}

interface FilterRowFormProps {
  readonly row: FilterRow
  readonly fields: FieldDescriptions
  readonly words: boolean
  readonly onRow: (row: FilterRow) => void
  readonly onRemove: () => void
}

function FilterRowForm({ row, fields, words, onRow, onRemove }: FilterRowFormProps) {
  const operators = operatorsOf(fields[row.field]?.type)
  const choose = (field: string) => {
    const allowed = operatorsOf(fields[field]?.type)
    onRow({ ...row, field, operator: allowed.includes(row.operator) ? row.operator : allowed[0]! })
  }
  const fault = faultOf(row, fields)
  return (
    <div class="filter-row">
      <SelectField
        label="Holds"
        inLine
        value={row.group}
        options={filterGroups.map(value => ({ value, label: groupTitles[value] }))}
        onValue={group => onRow({ ...row, group })}
      />
      <TextField
        label="Field"
        inLine
        placeholder="field"
        value={row.field}
        suggestions={[...Object.keys(fields), ...(words ? [wordsField] : [])]}
        onValue={choose}
      />
      {row.field === wordsField ? (
        <span class="filter-words small soft">has, one behind the other</span>
      ) : (
        <SelectField
          label="Is"
          inLine
          value={row.operator}
          options={operators.map(value => ({ value, label: operatorTitles[value] }))}
          onValue={operator => onRow({ ...row, operator })}
        />
      )}
      <TextField
        label="Value"
        inLine
        value={row.value}
        placeholder={row.operator === 'in' ? 'a, b, c' : 'value'}
        {...(row.operator === 'exists' && { suggestions: ['true', 'false'] })}
        error={row.value === '' ? undefined : fault}
        onValue={value => onRow({ ...row, value })}
      />
      <Button kind="quiet" label="Remove this condition" onClick={onRemove}>
        ✕
      </Button>
    </div>
  )
}

function FilterJson({ filter, onFilter }: Pick<FilterBuilderProps, 'filter' | 'onFilter'>) {
  const [text, setText] = useState(() => (filter === undefined ? '' : printExact(filter, 2)))
  const [fault, setFault] = useState<string>()
  const change = (next: string) => {
    setText(next)
    try {
      const value = next.trim() === '' ? undefined : parseExact(next)
      const isObject = value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))
      setFault(isObject ? undefined : 'a JSON object')
      if (isObject) onFilter(value as SearchFilter | undefined)
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error))
    }
  }
  return <TextArea label="Filter, as JSON" value={text} rows={6} code error={fault} onValue={change} />
}
