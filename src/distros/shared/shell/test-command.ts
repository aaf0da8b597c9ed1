import type { RootDraft } from '../root-draft.ts';
import { undecided } from './undecided.ts';

/** Evaluates `test` (POSIX.1-2017), in which the number of arguments decides their meaning. @throws Undecided */
export function holds(args: readonly string[], root: RootDraft): boolean {
  const [first = '', second = '', third = ''] = args;
  switch (args.length) {
    case 0:
      return false;
    case 1:
      return first !== '';
    case 2:
      return first === '!' ? second === '' : unary(first, second, root);
    case 3:
      if (BINARY.has(second)) return binary(first, second, third);
      return first === '!' ? !holds(args.slice(1), root) : undecided('test of three words');
    case 4:
      return first === '!' ? !holds(args.slice(1), root) : undecided('test of four words');
    default:
      return undecided('test of many words');
  }
}

const BINARY = new Set(['=', '==', '!=', '-eq', '-ne', '-lt', '-le', '-gt', '-ge']);

function binary(left: string, operator: string, right: string): boolean {
  if (operator === '=' || operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (!/^-?\d{1,9}$/.test(left) || !/^-?\d{1,9}$/.test(right)) undecided('a number of unknown form');
  const order = Number(left) - Number(right);
  switch (operator) {
    case '-eq':
      return order === 0;
    case '-ne':
      return order !== 0;
    case '-lt':
      return order < 0;
    case '-le':
      return order <= 0;
    case '-gt':
      return order > 0;
    default:
      return order >= 0;
  }
}

function unary(operator: string, operand: string, root: RootDraft): boolean {
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-L':
    case '-h':
      return root.stat(operand)?.type === 'symlink';
    case '-e':
    case '-r':
    case '-w':
      return root.statFollow(operand) !== undefined;
    case '-f':
      return root.statFollow(operand)?.type === 'file';
    case '-d':
      return root.statFollow(operand)?.type === 'directory';
    case '-p':
      return root.statFollow(operand)?.type === 'fifo';
    // No package ships a socket.
    case '-S':
      root.statFollow(operand);
      return false;
    case '-s': {
      const entry = root.statFollow(operand);
      if (entry !== undefined && entry.type !== 'file') undecided('the size of something other than a file');
      return (entry?.sizeBytes ?? 0) > 0;
    }
    case '-x': {
      const entry = root.statFollow(operand);
      return entry !== undefined && (entry.type === 'directory' || (entry.mode & 0o111) !== 0);
    }
    default:
      return undecided(`test ${operator}`);
  }
}
