import { defineMetrics } from '@hypershard/common'

/** Of what can be searched. */
export const catalogMetrics = defineMetrics({
  indexes: {
    kind: 'gauge',
    name: 'hypershard_catalog_indexes',
    help: 'Indexes by whether they are served or damaged.',
    labels: ['state'],
  },
  documents: {
    kind: 'gauge',
    name: 'hypershard_catalog_documents',
    help: 'Documents that searches of all indexes can find.',
    labels: [],
  },
  segments: {
    kind: 'gauge',
    name: 'hypershard_catalog_segments',
    help: 'Segments of all indexes.',
    labels: [],
  },
  aside: {
    kind: 'gauge',
    name: 'hypershard_catalog_aside_documents',
    help: 'Documents that were set aside because they could not be encoded.',
    labels: [],
  },
  unserved: {
    kind: 'gauge',
    name: 'hypershard_catalog_indexes_without_model',
    help: 'Indexes whose model no encoder service was found to have.',
    labels: [],
  },
})
