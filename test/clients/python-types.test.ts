import assert from 'node:assert/strict'
import { type Schema, TypeWriter } from '../../scripts/python-types.ts'

const text = { type: 'string' }

/** The lines of the classes that a schema makes. */
function classesOf(schema: Schema, asked: boolean): string[] {
  const writer = new TypeWriter()
  writer.typeOf(schema, { name: 'Thing', asked })
  return writer.classes.filter(line => line !== '')
}

describe('Python classes of the contract', () => {
  it('lets an answer have members and words that this client does not know yet', () => {
    const properties = { phase: { enum: ['live', 'dropped'] }, seconds: { type: ['number', 'null'] }, note: text }
    assert.deepEqual(classesOf({ type: 'object', properties, required: ['phase', 'seconds'] }, false), [
      'class Thing(Answer):',
      '    phase: Literal["live", "dropped"] | str',
      '    seconds: float | None',
      '    note: str | None = None',
    ])
  })

  it('has a request say what may be left out, and nothing that a coordinator would refuse', () => {
    const properties = { plan: { enum: ['exact'] }, ids: { type: 'array', items: text }, off: { const: false } }
    assert.deepEqual(classesOf({ type: 'object', properties, required: ['ids'] }, true), [
      'class Thing(TypedDict):',
      '    plan: NotRequired[Literal["exact"]]',
      '    ids: Sequence[str]',
      '    off: NotRequired[Literal[False]]',
    ])
  })

  it('keeps whole numbers of fields whole', () => {
    const kinds = (...types: string[]) => ({ anyOf: types.map(type => ({ type })) })
    const properties = { value: kinds('string', 'number', 'boolean', 'null'), score: kinds('number', 'null') }
    assert.deepEqual(classesOf({ type: 'object', properties, required: ['value', 'score'] }, false).slice(1), [
      '    value: str | int | float | bool | None',
      '    score: float | None',
    ])
  })

  it('calls a member that is a word of Python otherwise', () => {
    const schema = { type: 'object', properties: { with: text, from: text }, required: ['from'] }
    assert.deepEqual(classesOf(schema, true).slice(1), ['    with_: NotRequired[str]', '    from_: str'])
    assert.deepEqual(classesOf(schema, false).slice(1), [
      '    with_: str | None = Field(None, alias="with")',
      '    from_: str = Field(alias="from")',
    ])
    const nested = { type: 'object', properties: { inner: schema } }
    assert.throws(() => classesOf(nested, true), /ThingInner.with: a word of Python/)
  })

  it('names the kinds of a union for what they have', () => {
    const kind = (name: string) => ({ type: 'object', properties: { [name]: text }, required: [name] })
    const schema = { type: 'array', items: { anyOf: [kind('answer'), kind('problem')] } }
    const writer = new TypeWriter()
    assert.equal(writer.typeOf(schema, { name: 'Outcomes', asked: false }), 'list[OutcomeAnswer | OutcomeProblem]')
  })
})
