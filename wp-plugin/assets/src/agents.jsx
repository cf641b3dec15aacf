import { mount } from './lib/frame.jsx';
import { Agents } from './agents/page.jsx';

mount('agents', Agents);
