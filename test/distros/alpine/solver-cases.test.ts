import path from 'node:path';
import { testCases } from '../cases.ts';
import { answer } from './solver-cases.ts';

testCases(path.join(import.meta.dirname, 'cases'), answer);
