/// The keywords that the cloud cannot have, with the reason.
enum KeepalivedKeywords {
    /// Blocks and statements outside of virtual servers.
    static let global: [String: String] = [
        "global_defs": "settings of the program; lvs_timeouts and lvs_sync_daemon are in gateway.yaml",
        "vrrp_instance": "pacemaker moves the addresses (docs/cluster.md)",
        "vrrp_sync_group": "pacemaker moves all addresses together (docs/cluster.md)",
        "vrrp_script": "pacemaker's monitors do this (docs/cluster.md)",
        "vrrp_track_process": "pacemaker's monitors do this (docs/cluster.md)",
        "vrrp_track_file": "pacemaker's monitors do this (docs/cluster.md)",
        "track_file": "no state is read from files: portcullis services drain",
        "track_process": "pacemaker's monitors do this (docs/cluster.md)",
        "track_bfd": "there is no BFD", "bfd_instance": "there is no BFD",
        "static_ipaddress": "addresses are the system's, or pacemaker's",
        "static_routes": "routes are the system's", "static_rules": "routes are the system's",
        "static_track_group": "routes are the system's", "linkbeat_interfaces": "pacemaker watches the links",
        "interface_up_down_delays": "pacemaker watches the links", "garp_group": "pacemaker announces the addresses",
        "SSL": "a check over TLS has no certificate of its own", "net_namespace": "settings of the program",
        "net_namespace_ipvs": "settings of the program", "instance": "settings of the program",
        "use_pid_dir": "settings of the program", "namespace_with_ipsets": "settings of the program",
        "child_wait_time": "settings of the program", "include_check": "settings of the program",
        "config_save_dir": "settings of the program", "random_seed": "settings of the program",
    ]

    private static let mail = "there is no mail by keepalived; portcullis events, and alerts on metrics"
    private static let script = "gateways run no scripts on changes; portcullis events --follow"
    private static let hash = "the scheduler has no such flag here"
    private static let spread = "probes are spread by themselves"

    static let virtualServer: [String: String] = [
        "persistence_engine": "there are no persistence engines", "ha_suspend": "a passive gateway checks, too",
        "smtp_alert": mail, "alpha": "the first result of a check decides; until then a server counts as up",
        "omega": script, "hysteresis": "there is no quorum", "quorum_up": script, "quorum_down": script,
        "flag-1": hash, "flag-2": hash, "flag-3": hash, "sh-port": hash, "mh-port": hash,
        "sorry_server_inhibit": "a sorry server is not checked", "warmup": spread,
        "nat_mask": "keepalived itself ignores it",
    ]

    static let realServer: [String: String] = [
        "notify_up": script, "notify_down": script, "smtp_alert": mail,
        "snmp_name": "the service has a name of its own",
        "lthreshold": "the kernel takes three quarters of uthreshold",
        "alpha": "the first result of a check decides; until then a server counts as up", "warmup": spread,
        "FILE_CHECK": "no state is read from files: portcullis services drain, or a command check",
        "BFD_CHECK": "there is no BFD",
    ]

    private static let route = "probes leave as the machine's routes say"

    static let check: [String: String] = [
        "bindto": route, "bind_if": route, "bind_port": route, "bindport": route, "fwmark": route, "warmup": spread,
        "alpha": "the first result of a check decides; until then a server counts as up",
        "log_all_failures": "status and metrics have every failure", "fast_recovery": "one URL is asked",
        "helo_name": "the greeting names the gateway", "user": "the command runs as the prober's user",
        "min_reply_length": "an answer is compared by its first bytes",
        "max_reply_length": "an answer is compared by its first bytes",
        "misc_dynamic": "a status of 2 to 255 is always a share of the weight",
    ]

    static let url: [String: String] = [
        "digest": "a body is searched for a text: add \"text\" to the check",
        "regex_no_match": "a body is searched for a text that must be there",
        "regex_options": "there are no regular expressions", "regex_stack": "there are no regular expressions",
        "regex_min_offset": "the first 64 KiB are searched", "regex_max_offset": "the first 64 KiB are searched",
        "tag": "the URL has no tag",
    ]

    // MARK: Where keywords belong

    /// How many values each keyword that is carried over has; those with any number of them are not here.
    static let valueCounts: [String: Int] = [
        "virtual_server": 2, "real_server": 2, "sorry_server": 2, "virtual_server_group": 1, "fwmark": 1,
        "lvs_sched": 1, "lvs_method": 1, "protocol": 1, "persistence_timeout": 1, "persistence_granularity": 1,
        "ops": 1, "snmp_name": 1, "quorum": 1, "sorry_server_lvs_method": 1, "virtualhost": 1, "delay_loop": 1,
        "connect_timeout": 1, "retry": 1, "delay_before_retry": 1, "inhibit_on_failure": 1, "weight": 1,
        "uthreshold": 1, "TCP_CHECK": 0, "HTTP_GET": 0, "SSL_GET": 0, "SMTP_CHECK": 0, "DNS_CHECK": 0,
        "MISC_CHECK": 0, "UDP_CHECK": 0, "PING_CHECK": 0, "connect_port": 1, "connect_ip": 1, "host": 0, "url": 0,
        "path": 1, "regex": 1, "http_protocol": 1, "enable_sni": 1, "type": 1, "name": 1, "misc_timeout": 1,
    ]

    /// Keywords that a block may have several times.
    static let repeatable: Set<String> = Set(["real_server", "url"] + KeepalivedCheckReader.kinds)

    /// Keywords with any number of values, of which the last one counts when there are several.
    static let lists: Set<String> = ["misc_path", "payload", "require_reply"]

    /// Other names of keywords.
    private static let synonyms = ["lb_algo": "lvs_sched", "lb_kind": "lvs_method", "nb_get_retry": "retry"]

    /// The name under which a keyword is listed here.
    static func usual(_ keyword: String) -> String { synonyms[keyword] ?? keyword }

    private static let homes: [(block: String, keywords: Set<String>)] = [
        (
            "virtual_server",
            [
                "real_server", "lvs_sched", "protocol", "persistence_timeout", "persistence_granularity", "ops",
                "quorum",
                "sorry_server", "sorry_server_lvs_method", "lvs_method", "delay_loop", "connect_timeout", "retry",
                "delay_before_retry", "virtualhost", "inhibit_on_failure", "ip_family",
            ]
        ), ("virtual_server", Set(virtualServer.keys)), ("real_server", ["weight", "uthreshold"]),
        ("real_server", Set(realServer.keys).union(KeepalivedCheckReader.kinds)),
        ("HTTP_GET or SSL_GET", ["url", "http_protocol", "enable_sni", "fast_recovery"]),
        ("url", Set(url.keys).union(["path", "status_code", "regex"])), ("DNS_CHECK", ["type", "name"]),
        ("MISC_CHECK", ["misc_path", "misc_timeout", "misc_dynamic"]), ("UDP_CHECK", ["payload", "require_reply"]),
        ("a check", Set(check.keys).union(["connect_port", "connect_ip"])),
    ]

    /// Why a keyword is of no use where it stands, if nothing else is known of it there.
    static func reason(_ keyword: String) -> String {
        let usual = usual(keyword)
        guard let home = homes.first(where: { $0.keywords.contains(usual) }) else {
            return "is not known to this import"
        }
        return "is of no use here: it belongs into \(home.block)"
    }
}
