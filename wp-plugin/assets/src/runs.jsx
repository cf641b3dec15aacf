import { mount } from './lib/frame.jsx';
import { Runs } from './runs/page.jsx';

mount('runs', Runs);
