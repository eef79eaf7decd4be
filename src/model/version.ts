import { version } from '../../package.json';

/** Version of portreeve, from its package. */
export const VERSION: string = version;
