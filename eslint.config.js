import tseslint from 'typescript-eslint'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'

const layer = (target, from, message) => ({ target: `./src/${target}`, from: from.map((f) => `./src/${f}`), message })
const portOnly = (target) => ({ target: `./src/${target}`, from: './src/network', except: ['./network.ts'], message: `${target} see the network through its port` })
const upper = ['cli', 'control', 'jobs', 'journal', 'roles', 'modules', 'web', 'executor', 'network', 'node.ts', 'composed-node.ts', 'index.ts', 'config.ts']

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'examples/**/build/', 'examples/assemblyscript/', 'test/fixtures/'] },
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'import-x/no-cycle': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 250 }],
    },
  },
  {
    // Imports point down: cli -> control, node -> jobs -> roles -> journal, modules, executor -> wire, task -> errors, limits.
    files: ['src/**/*.ts'],
    rules: {
      'import-x/no-restricted-paths': ['error', {
        basePath: import.meta.dirname,
        zones: [
          layer('task', [...upper, 'wire'], 'task is pure: it imports only cbor, errors and limits'),
          layer('wire', upper, 'wire is pure: it imports only task, cbor, errors and limits'),
          layer('executor', upper.filter((f) => f !== 'executor').concat('wire'), 'the executor knows nothing of the network'),
          layer('modules', ['cli', 'control', 'jobs', 'journal', 'roles', 'executor', 'node.ts', 'composed-node.ts', 'index.ts'], 'modules are below the roles'),
          layer('web', ['cli', 'control', 'jobs', 'journal', 'roles', 'modules', 'executor', 'network', 'node.ts', 'composed-node.ts', 'index.ts'], 'web is below modules and roles'),
          portOnly('modules'),
          layer('roles', ['cli', 'control', 'jobs', 'node.ts', 'composed-node.ts', 'index.ts'], 'roles are below the node'),
          portOnly('roles'),
          layer('network', ['cli', 'control', 'jobs', 'journal', 'roles', 'modules', 'executor', 'node.ts', 'composed-node.ts', 'index.ts'], 'network is below the roles'),
          layer('journal', ['cli', 'control', 'jobs', 'roles', 'network', 'executor', 'node.ts', 'composed-node.ts', 'index.ts'], 'the journal is below the roles'),
          layer('jobs', ['cli', 'control', 'network', 'executor', 'node.ts', 'composed-node.ts', 'index.ts'], 'jobs are between the roles and the node'),
          layer('control', ['cli'], 'control does not know the commands'),
        ],
      }],
      'no-restricted-imports': ['error', { patterns: [{ group: ['libp2p', '@libp2p/*', '@chainsafe/*', 'it-*'], message: 'only src/network imports libp2p' }] }],
    },
  },
  { files: ['src/network/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-unused-expressions': 'off', 'max-lines': 'off' } },
)
