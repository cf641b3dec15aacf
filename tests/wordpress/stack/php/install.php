<?php

/**
 * Installs WordPress: tables, the administrator, pretty permalinks, the other people of the tests.
 */

declare(strict_types=1);

define('WP_INSTALLING', true);
require __DIR__ . '/load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('DevSkyy test shop', 'admin', 'admin@shop.test', true, '', $input['passwords']['admin'], 'en_US');
update_option('permalink_structure', '/%postname%/');
update_option('timezone_string', 'America/New_York');
update_option('blogdescription', '');
// Pictures of people would come from another server.
update_option('show_avatars', 0);
// What a scripted shop must not ask or show.
update_option('admin_email_lifespan', time() + 10 * YEAR_IN_SECONDS);
update_user_meta(1, 'show_welcome_panel', 0);
update_user_meta(1, 'wp_persisted_preferences', ['core/edit-post' => ['welcomeGuide' => false], '_modified' => gmdate('c')]);
