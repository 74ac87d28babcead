import { mount } from './embed';

(globalThis as unknown as { Carillon: unknown }).Carillon = { mount };
