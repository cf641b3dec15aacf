import { mount } from './lib/frame.jsx';
import { Activity } from './activity/page.jsx';

mount('activity', Activity);
