<?php

declare(strict_types=1);

namespace DevSkyy\Admin;

use DevSkyy\Changes\Settler;

/** One entry under WooCommerce; its pages are reached by their own tabs. */
final class Menu
{
    public const PAGES = ['inbox' => 'devskyy', 'stock' => 'devskyy-stock', 'agents' => 'devskyy-agents', 'runs' => 'devskyy-runs', 'status' => 'devskyy-status', 'activity' => 'devskyy-activity', 'access' => 'devskyy-access', 'connections' => 'devskyy-connections'];
    private const CAPABILITY = 'manage_woocommerce';

    public static function register(): void
    {
        add_action('admin_menu', [self::class, 'add'], 60);
        // Just before the menu is drawn: the pages stay registered under WooCommerce, but only one line shows.
        add_action('admin_head', [self::class, 'hide']);
        add_filter('submenu_file', [self::class, 'mark']);
        add_action('admin_init', [Settler::class, 'run']);
        add_filter('plugin_action_links_' . plugin_basename(DEVSKYY_FILE), [self::class, 'link']);
    }

    public static function add(): void
    {
        $titles = self::titles();
        foreach (self::PAGES as $page => $slug) {
            $title = $page === 'inbox' ? __('DevSkyy', 'devskyy') : $titles[$page];
            $hook = add_submenu_page('woocommerce', $titles[$page] . ' ‹ DevSkyy', $title, self::CAPABILITY, $slug, static fn () => Page::show($page));
            if ($hook) {
                add_action("load-$hook", static fn () => Page::load($page));
            }
        }
    }

    public static function hide(): void
    {
        foreach (self::PAGES as $page => $slug) {
            $page === 'inbox' || remove_submenu_page('woocommerce', $slug);
        }
    }

    /** Keeps "DevSkyy" marked in the menu on all its pages. */
    public static function mark(?string $file): ?string
    {
        return in_array($GLOBALS['plugin_page'] ?? '', self::PAGES, true) ? self::PAGES['inbox'] : $file;
    }

    public static function link(array $links): array
    {
        return ['settings' => '<a href="' . esc_url(self::urls()['settings']) . '">' . esc_html__('Settings', 'devskyy') . '</a>'] + $links;
    }

    /** @return array<string, string> */
    public static function titles(): array
    {
        return [
            'inbox' => __('Inbox', 'devskyy'),
            'stock' => __('Stock', 'devskyy'),
            'agents' => __('Agents', 'devskyy'),
            'runs' => __('Runs', 'devskyy'),
            'status' => __('Status', 'devskyy'),
            'activity' => __('Activity', 'devskyy'),
            'access' => __('Access', 'devskyy'),
            'connections' => __('Connections', 'devskyy'),
        ];
    }

    /** @return array<string, string> */
    public static function urls(): array
    {
        $urls = array_map(static fn (string $slug): string => admin_url('admin.php?page=' . $slug), self::PAGES);
        return $urls + ['settings' => admin_url('admin.php?page=wc-settings&tab=devskyy')];
    }
}
