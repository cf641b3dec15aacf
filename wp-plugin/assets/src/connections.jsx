import { mount } from './lib/frame.jsx';
import { Connections } from './connections/page.jsx';

mount('connections', Connections);
