<?php

declare(strict_types=1);

namespace DevSkyy\Admin;

/** Adds the tab "DevSkyy" to WooCommerce's settings; the class behind it exists only where WooCommerce's own does. */
final class Settings_Tab
{
    public static function add(array $pages): array
    {
        $pages[] = new Settings_Page();
        return $pages;
    }
}
