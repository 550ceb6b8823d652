import type { CrossEncoderDescription, GenerationDescription, IndexDescription } from '@hypershard/contract'
import {
  candidatesAskedMax,
  expansionMax,
  hitsMax,
  rerankCandidatesMax,
  timeoutMsMax,
} from '@hypershard/contract/limits'
import {
  fusions,
  hybridDefaults,
  rerankDefaults,
  searchDefaults,
  searchPlans,
  searchPrecisions,
} from '@hypershard/contract/vocabulary'
import { CheckField, NumberField, SelectField } from '../../parts/fields.tsx'
import { given, type LabSettings } from './lab-state.ts'

/** What the lab knows of an index; as little as the key may read. */
export interface IndexFacts {
  readonly index: IndexDescription | undefined
  readonly generations: readonly GenerationDescription[] | undefined
  readonly crossEncoders: readonly CrossEncoderDescription[] | undefined
}

export interface SettingsFormProps {
  readonly settings: LabSettings
  readonly facts: IndexFacts
  readonly onSettings: (settings: LabSettings) => void
}

/** How documents are found and ranked; what is left empty is left to the coordinator, whose defaults are shown. */
export function SettingsForm({ settings, facts, onSettings }: SettingsFormProps) {
  const change = (next: Partial<Record<keyof LabSettings, unknown>>) =>
    onSettings(given({ ...settings, ...next }) as LabSettings)
  const plan = settings.plan ?? searchDefaults.plan
  return (
    <div class="stack">
      <div class="grid">
        <GenerationField settings={settings} facts={facts} onGeneration={generation => change({ generation })} />
        <SelectField
          label="Plan"
          value={settings.plan ?? ''}
          options={[
            { value: '', label: `${searchDefaults.plan} (default)` },
            ...searchPlans.filter(name => name !== searchDefaults.plan).map(value => ({ value, label: value })),
          ]}
          onValue={value => change({ plan: value === '' ? undefined : value })}
        />
        {plan === 'auto' && (
          <NumberField
            label="Recall"
            value={settings.recall}
            min={0}
            max={1}
            step="any"
            placeholder={String(searchDefaults.recall)}
            onValue={recall => change({ recall })}
          />
        )}
        {(plan === 'tangent' || plan === 'graph') && (
          <NumberField
            label="Candidates a shard"
            value={settings.candidates}
            min={1}
            max={candidatesAskedMax}
            placeholder={String(searchDefaults.candidates)}
            onValue={candidates => change({ candidates })}
          />
        )}
        {plan === 'graph' && (
          <NumberField
            label="Expansion"
            value={settings.expansion}
            min={1}
            max={expansionMax}
            placeholder={String(searchDefaults.expansion)}
            onValue={expansion => change({ expansion })}
          />
        )}
        <SelectField
          label="Precision"
          value={settings.precision ?? ''}
          options={[
            { value: '', label: `${searchDefaults.precision} (default)` },
            ...searchPrecisions
              .filter(name => name !== searchDefaults.precision)
              .map(value => ({ value, label: value })),
          ]}
          onValue={value => change({ precision: value === '' ? undefined : value })}
        />
      </div>
      <HybridForm settings={settings} facts={facts} onHybrid={hybrid => change({ hybrid })} />
      <RerankForm settings={settings} facts={facts} onRerank={rerank => change({ rerank })} />
    </div>
  )
}

function GenerationField({
  settings: { generation },
  facts: { index, generations },
  onGeneration,
}: Pick<SettingsFormProps, 'settings' | 'facts'> & {
  readonly onGeneration: (generation: number | undefined) => void
}) {
  if (generations === undefined) {
    return (
      <NumberField label="Generation" value={generation} min={1} placeholder="the served one" onValue={onGeneration} />
    )
  }
  const served = index === undefined ? '' : `, ${index.generation}`
  const others = generations.filter(({ phase }) => phase === 'building' || phase === 'live')
  return (
    <SelectField
      label="Generation"
      value={generation === undefined ? '' : String(generation)}
      options={[
        { value: '', label: `the served one${served}` },
        ...others.map(one => ({
          value: String(one.generation),
          label: `${one.generation} · ${one.model.name} · ${one.shards} shards${one.phase === 'building' ? ' · building' : ''}`,
        })),
      ]}
      onValue={value => onGeneration(value === '' ? undefined : Number(value))}
    />
  )
}

function HybridForm({
  settings: { hybrid },
  facts: { index },
  onHybrid,
}: Pick<SettingsFormProps, 'settings' | 'facts'> & { readonly onHybrid: (hybrid: LabSettings['hybrid']) => void }) {
  // Without `lexical` the coordinator refuses it; where nobody may tell, it can be tried.
  if (index !== undefined && index.lexical === undefined && hybrid === undefined) return null
  const change = (next: object) => onHybrid(given({ ...hybrid, ...next }))
  const fusion = hybrid?.fusion ?? hybridDefaults.fusion
  return (
    <div class="stack">
      <CheckField
        label="Rank by words too (hybrid)"
        value={hybrid !== undefined}
        onValue={on => onHybrid(on ? {} : undefined)}
      />
      {hybrid !== undefined && (
        <div class="grid">
          <SelectField
            label="Fusion"
            value={fusion}
            options={fusions.map(value => ({ value, label: value.replace('_', ' ') }))}
            onValue={value => change({ fusion: value === hybridDefaults.fusion ? undefined : value })}
          />
          {fusion === 'convex' && (
            <NumberField
              label="Weight of words"
              value={hybrid.lexical}
              min={0}
              max={1}
              step="any"
              placeholder={String(hybridDefaults.lexical)}
              onValue={lexical => change({ lexical })}
            />
          )}
          <NumberField
            label="Of either kind"
            value={hybrid.candidates}
            min={1}
            max={hitsMax}
            placeholder={String(hybridDefaults.candidates)}
            onValue={candidates => change({ candidates })}
          />
        </div>
      )}
    </div>
  )
}

function RerankForm({
  settings: { rerank },
  facts: { crossEncoders = [] },
  onRerank,
}: Pick<SettingsFormProps, 'settings' | 'facts'> & { readonly onRerank: (rerank: LabSettings['rerank']) => void }) {
  if (crossEncoders.length === 0 && rerank === undefined) return null
  const models = [
    ...new Set([...crossEncoders.map(({ name }) => name), ...(rerank === undefined ? [] : [rerank.model])]),
  ]
  return (
    <div class="grid">
      <SelectField
        label="Rerank with"
        value={rerank?.model ?? ''}
        options={[{ value: '', label: 'nothing' }, ...models.map(value => ({ value, label: value }))]}
        onValue={model => onRerank(model === '' ? undefined : { ...rerank, model })}
      />
      {rerank !== undefined && (
        <>
          <NumberField
            label="Hits that it reads"
            value={rerank.candidates}
            min={1}
            max={rerankCandidatesMax}
            placeholder={String(rerankDefaults.candidates)}
            onValue={candidates => onRerank(given({ ...rerank, candidates }))}
          />
          <NumberField
            label="Its time, in ms"
            value={rerank.timeout_ms}
            min={1}
            max={timeoutMsMax}
            placeholder="what is left"
            onValue={timeout_ms => onRerank(given({ ...rerank, timeout_ms }))}
          />
        </>
      )}
    </div>
  )
}
