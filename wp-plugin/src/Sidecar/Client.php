<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

use WP_Error;

/** The plugin's only outbound call: one signed request to the one configured sidecar, without redirects. */
final class Client
{
    private const TIMEOUT = 5;
    /** A file is made when it is asked for; a person waits for it. */
    private const FILE_TIMEOUT = 20;
    /** After a failed connection nobody waits again for this long. */
    private const DOWN_SECONDS = 15;
    private const DOWN = 'devskyy_down';

    /**
     * Asks the sidecar and answers its decoded JSON (objects kept as objects) or a WP_Error with a hint.
     *
     * @param array<string, scalar> $query
     * @param array{person?: bool, timeout?: float, moved?: bool, force?: bool, key?: string} $options person: sign the current user in; force: ask although it was just down; key: the Idempotency-Key.
     */
    public static function request(string $method, string $path, array $query = [], mixed $body = null, array $options = []): \stdClass|WP_Error
    {
        $json = $body === null ? '' : (string) wp_json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $canonical = Signature::canonical_path($path, $query);
        $token = self::sign($method, $canonical, $json, $options);
        return is_wp_error($token) ? $token : self::send(Connection::url(), $method, $canonical, $json, $token, $options);
    }

    /**
     * A file of the sidecar, such as a CSV or a PDF, in the person's name.
     *
     * @param array<string, scalar> $query
     * @return array{type: string, name: string, body: string}|WP_Error
     */
    public static function file(string $path, array $query = []): array|WP_Error
    {
        $canonical = Signature::canonical_path($path, $query);
        $token = self::sign('GET', $canonical, '', ['person' => true]);
        $response = is_wp_error($token) ? $token : self::exchange(Connection::url(), 'GET', $canonical, '', $token, ['accept' => '*/*', 'timeout' => self::FILE_TIMEOUT]);
        if (is_wp_error($response)) {
            return $response;
        }
        $body = wp_remote_retrieve_body($response);
        if ((int) wp_remote_retrieve_response_code($response) !== 200) {
            $error = self::read((int) wp_remote_retrieve_response_code($response), $body);
            return is_wp_error($error) ? $error : Error_Hints::error('not_a_sidecar', 502);
        }
        preg_match('/filename="([^"\/\\\\]+)"/', (string) wp_remote_retrieve_header($response, 'content-disposition'), $name);
        return ['type' => (string) wp_remote_retrieve_header($response, 'content-type') ?: 'application/octet-stream', 'name' => sanitize_file_name($name[1] ?? basename($path)), 'body' => $body];
    }

    /** A GET that falls back on the last good answer, marked `stale`, while the sidecar is away. */
    public static function get(string $path, array $query = []): \stdClass|WP_Error
    {
        $canonical = Signature::canonical_path($path, $query);
        $answer = self::request('GET', $path, $query, null, ['person' => true]);
        if (!is_wp_error($answer)) {
            Answers::remember($canonical, (string) wp_json_encode($answer));
            return $answer;
        }
        $last = self::away($answer) ? Answers::recall($canonical) : null;
        if ($last === null) {
            return $answer;
        }
        [$body, $at] = $last;
        $body->stale = ['since' => gmdate('Y-m-d\TH:i:s\Z', $at), 'age_seconds' => max(0, time() - $at), 'error' => Error_Hints::block($answer)];
        return $body;
    }

    /** Sends one request to an address, signed or not; answers as `request`. */
    public static function send(string $url, string $method, string $path, string $json, string $token, array $options = []): \stdClass|WP_Error
    {
        $response = self::exchange($url, $method, $path, $json, $token, $options);
        return is_wp_error($response) ? $response : self::read((int) wp_remote_retrieve_response_code($response), wp_remote_retrieve_body($response));
    }

    /** True when the error means that the sidecar cannot be asked now, not that it refused. */
    public static function away(WP_Error $error): bool
    {
        $data = $error->get_error_data();
        return is_array($data) && (int) ($data['status'] ?? 0) >= 500;
    }

    /** True while the last connection failure is fresh. */
    public static function is_down(): bool
    {
        return is_array(get_transient(self::DOWN));
    }

    public static function seen_up(bool $was_down = true): void
    {
        if ($was_down) {
            delete_transient(self::DOWN);
        }
    }

    /** A token for one request, or why nothing may be sent. */
    private static function sign(string $method, string $canonical, string $json, array $options): string|WP_Error
    {
        if (!Connection::paired()) {
            return Error_Hints::error('not_paired', 409);
        }
        if (Connection::halted() && empty($options['moved'])) {
            return Error_Hints::error('site_changed', 409);
        }
        $secret = Connection::secret();
        if ($secret === null) {
            return Error_Hints::error('secret_unreadable', 409);
        }
        $more = ['site' => Connection::site_id(), 'home' => Connection::home()] + (empty($options['person']) ? [] : ['who' => self::person()]);
        return Signature::token(Signature::claims('plugin', Connection::shop_id(), $method, $canonical, $json, $more), $secret);
    }

    /** One request over the wire; answers the response whatever its status. */
    private static function exchange(string $url, string $method, string $path, string $json, string $token, array $options): array|WP_Error
    {
        // The header is set by the button "Try again": whoever pressed it may wait for the answer.
        $force = !empty($options['force']) || ($_SERVER['HTTP_X_DEVSKYY_RETRY'] ?? '') === '1';
        $down = $force ? false : get_transient(self::DOWN);
        if (is_array($down) && $down['url'] === $url) {
            return Error_Hints::error($down['code'], 503);
        }
        $headers = ['Accept' => $options['accept'] ?? 'application/json', 'X-DevSkyy-Version' => DEVSKYY_VERSION];
        $headers += $json === '' ? [] : ['Content-Type' => 'application/json'];
        $headers += isset($options['key']) ? ['Idempotency-Key' => $options['key']] : [];
        $headers += $token === '' ? [] : ['Authorization' => 'Bearer ' . $token];
        // Not wp_safe_remote_request: a sidecar usually lives at a private address. This address was set by an administrator.
        $response = wp_remote_request($url . $path, [
            'method' => $method,
            'headers' => $headers,
            'body' => $json === '' ? null : $json,
            'timeout' => $options['timeout'] ?? self::TIMEOUT,
            'redirection' => 0,
            'limit_response_size' => 16 * MB_IN_BYTES,
            'user-agent' => 'DevSkyy/' . DEVSKYY_VERSION,
        ]);
        if (is_wp_error($response)) {
            $error = self::connection_error($response, $url);
            set_transient(self::DOWN, ['url' => $url, 'code' => $error->get_error_code()], self::DOWN_SECONDS);
            return $error;
        }
        self::seen_up($down !== false || $force);
        return $response;
    }

    /** Who acts, as the sidecar sees it. */
    private static function person(): array
    {
        $user = wp_get_current_user();
        $caps = array_values(array_filter(['manage_woocommerce', 'manage_options'], 'current_user_can'));
        return ['id' => $user->ID, 'login' => $user->user_login, 'caps' => $caps];
    }

    private static function read(int $status, string $body): \stdClass|WP_Error
    {
        if ($status >= 300 && $status < 400) {
            return Error_Hints::error('sidecar_redirects', 502);
        }
        $answer = json_decode($body);
        $ours = $answer instanceof \stdClass && isset($answer->ok);
        if ($status < 300) {
            return $ours ? $answer : Error_Hints::error('not_a_sidecar', 502);
        }
        $error = $ours ? ($answer->error ?? null) : null;
        if (!$error instanceof \stdClass) {
            return Error_Hints::error($status >= 500 ? 'sidecar_error' : 'not_a_sidecar', 502);
        }
        $more = array_filter(['request_id' => $error->request_id ?? null, 'fields' => $error->fields ?? null, 'details' => $error->details ?? null]);
        return Error_Hints::from_sidecar((string) ($error->code ?? 'sidecar_error'), $status, (string) ($error->message ?? ''), $more, (string) ($error->hint ?? ''));
    }

    private static function connection_error(WP_Error $error, string $url): WP_Error
    {
        $text = $error->get_error_message();
        // A paired sidecar that hangs up in the middle is stopping; at any other address it is somebody else.
        $known = Connection::paired() && $url === Connection::url();
        $code = match (true) {
            $error->get_error_code() === 'http_request_not_executed' => 'http_blocked',
            (bool) preg_match('/cURL error (35|51|53|54|58|59|60|66|77|80|83|90|91):|SSL|certificate/i', $text) => 'tls_failed',
            (bool) preg_match('/cURL error 6:|resolve host/i', $text) => 'sidecar_unknown_host',
            (bool) preg_match('/cURL error 3:|valid URL/i', $text) => 'url_invalid',
            (bool) preg_match('/cURL error 28:|timed out/i', $text) && !preg_match('/connection|connect to/i', $text) => 'sidecar_timeout',
            $known && preg_match('/cURL error (52|56):/i', $text) => 'sidecar_unreachable',
            (bool) preg_match('/cURL error (1|8|52|56|61):/i', $text) => 'not_a_sidecar',
            default => 'sidecar_unreachable',
        };
        return Error_Hints::error($code, 503, '', ['details' => ['reason' => $text]]);
    }
}
