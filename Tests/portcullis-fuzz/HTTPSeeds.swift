import Admin
import YAML

/// One well-formed request in two parts, so that a mutated body can still be framed as the head says.
struct HTTPSeed {
    /// The request line and the fields, without those that frame the body and without the empty line.
    var head: String
    var body: [UInt8]?
    /// The names of the fields that the operation reads.
    var fields: [String] = []

    /// The whole request, its body by Content-Length.
    var bytes: [UInt8] { framed(head: Array(head.utf8), body: body, chunk: nil) }

    /// - Parameter chunk: Bytes of a chunk of the body; `nil`: it goes by Content-Length.
    func framed(head: [UInt8], body: [UInt8]?, chunk: Int?) -> [UInt8] {
        guard let body else { return head + Array("\r\n".utf8) }
        guard let chunk else { return head + Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body }
        var text = head + Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
        for start in stride(from: 0, to: body.count, by: chunk) {
            let part = body[start..<min(start + chunk, body.count)]
            text += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
        }
        return text + Array("0\r\n\r\n".utf8)
    }
}

/// Requests of every operation, and mutations of them.
struct HTTPSeeds {
    private let seeds: [HTTPSeed]
    /// What is sent before anything that is left to chance.
    private var first: [[UInt8]]

    static let service = "tg.1"

    /// - Parameter tokens: Each request is made with each of them; empty: without.
    init(_ samples: [SampleRequest], tokens: [String]) {
        // The first is of role admin, which gets further than the others.
        let secrets: [String?] = tokens.isEmpty ? [nil] : tokens + [tokens[0]]
        seeds = secrets.flatMap { token in
            samples.flatMap { sample in
                [Self.seed(sample, token: token, isFull: false), Self.seed(sample, token: token, isFull: true)]
            } + [Self.apply(token: token)]
        }
        first = samples.flatMap { Self.bareValues($0, token: tokens.first) }.reversed()
    }

    /// A request for each field that the operation reads, its value nothing but up to two separators: a parser of lists
    /// finds nothing in them.
    private static func bareValues(_ sample: SampleRequest, token: String?) -> [[UInt8]] {
        let seed = seed(sample, token: token, isFull: true)
        let marks = ["", ";", ",", "=", "\"", "*", "/"]
        let values = Set(marks.flatMap { first in marks.map { first + $0 } }).sorted()
        return (sample.headers + ["Accept", "Content-Type"]).flatMap { name in
            let lines = seed.head.split(separator: "\r\n").filter { !$0.hasPrefix("\(name):") }
            return values.map { value in
                let head = (lines + ["\(name): \(value)"]).joined(separator: "\r\n") + "\r\n"
                return seed.framed(head: Array(head.utf8), body: seed.body, chunk: nil)
            }
        }
    }

    /// A request: of its parts one is mutated, or the whole.
    mutating func next(_ mutator: inout Mutator) -> [UInt8] {
        if let request = first.popLast() { return request }
        guard let seed = seeds.randomElement(using: &mutator.random) else { return [] }
        let head = Array(seed.head.utf8)
        let chunk = Bool.random(using: &mutator.random) ? Int.random(in: 1...64, using: &mutator.random) : nil
        switch Int.random(in: 0..<12, using: &mutator.random) {
        case 0: return mutator.mutated(seed.framed(head: head, body: seed.body, chunk: chunk))
        case 1: return mutator.mutated(seed.bytes + mutator.mutated(seed.bytes))
        case 2...3: return seed.framed(head: mutator.mutated(head), body: seed.body, chunk: chunk)
        case 4...7: return seed.framed(head: withOtherFields(seed, &mutator), body: seed.body, chunk: chunk)
        default:
            guard let body = seed.body else {
                return seed.framed(head: mutator.mutated(head), body: nil, chunk: nil)
            }
            return seed.framed(head: head, body: mutator.mutated(body), chunk: chunk)
        }
    }

    /// The head with fields whose values are made of what the grammars of fields have: bytes alone seldom come near
    /// what a field's parser must tell apart.
    private func withOtherFields(_ seed: HTTPSeed, _ mutator: inout Mutator) -> [UInt8] {
        var lines = seed.head.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
        for _ in 0..<Int.random(in: 1...3, using: &mutator.random) {
            let names = Bool.random(using: &mutator.random) ? seed.fields : Self.commonFields
            guard let name = names.randomElement(using: &mutator.random) else { continue }
            let value = (0..<Int.random(in: 0...4, using: &mutator.random)).map { _ in
                let fragments = Bool.random(using: &mutator.random) ? Self.separators : Self.words
                return fragments.randomElement(using: &mutator.random) ?? ""
            }.joined()
            let present = lines.firstIndex { $0.hasPrefix("\(name):") }
            if let present, Bool.random(using: &mutator.random) { lines.remove(at: present) }
            lines.append("\(name): \(value)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    private static let separators = [";", ",", "=", "\"", "*", "W/", "/", " ", "\t", "-"]
    private static let words = [
        "q=", "q=0", "0", "1", "\"a\"", "wait", "wait=1", "x", "application/json", "application/yaml", "text/csv",
        "charset=utf-8", "Bearer", "é", "\u{0301}", "gw1", "active", "pending", "99999999999999999999",
        "merge-patch",
    ]
    /// Those that every operation reads.
    private static let commonFields = [
        "Accept", "Authorization", "Content-Type", "Content-Encoding", "Host", "Expect", "Connection",
    ]

    /// What brings the cloud back that the requests are about. It has no egress: gateways of version 1 may have asked.
    static func apply(token: String?) -> HTTPSeed {
        let body = """
            {"locations": [{"name": "tcn", "description": "Groningen"}],
             "pools": [{"location": "tcn", "name": "www-ip", "addresses": ["198.51.100.36", "2001:db8::36"]}],
             "servers": [{"name": "app1", "location": "tcn", "kind": "app", "addresses": ["10.1.0.11", "fd00::11"],
                          "labels": ["ssd"]},
                         {"name": "gw1", "location": "tcn", "kind": "gateway", "addresses": ["10.1.0.2"]}],
             "types": [{"name": "tg", "source": \(quoted(type))}],
             "services": [{"name": "tg.1", "server": "app1", "state": "ready", "weight": 5}], "prune": true}
            """
        return HTTPSeed(
            head: "POST /v1/apply HTTP/1.1\r\nHost: localhost\r\n\(authorization(token))"
                + "Content-Type: application/json\r\n",
            body: Array(body.utf8))
    }

    private static let type = """
        type: tg
        require-index: true
        config:
          - {sort-order: 1, values: {name: "${service.name}", at: "${server.address}", list: [1, b, null]}}
        gateway:
          - {name: http, address: www-ip, ports: {80: 8080}, protocol: tcp, weight: 100}

        """

    private static func seed(_ sample: SampleRequest, token: String?, isFull: Bool) -> HTTPSeed {
        var head = "\(sample.method) \(sample.path)"
        if isFull, !sample.query.isEmpty {
            head += "?" + sample.query.map { "\($0)=\(queryValues[$0] ?? "1")" }.joined(separator: "&")
        }
        head += " HTTP/1.1\r\nHost: localhost\r\n\(authorization(token))"
        if isFull {
            for name in sample.headers { head += "\(name): \(headerValues[name] ?? "x")\r\n" }
            head += "Accept: application/yaml;q=0.5, application/json, text/csv;q=0.1, */*;q=0\r\nConnection: close\r\n"
        }
        guard let mediaType = sample.mediaType else { return HTTPSeed(head: head, fields: sample.headers) }
        guard let body = bodies[sample.operation] else {
            fatalError("\(sample.operation) has a body, and there is no example of it here")
        }
        return HTTPSeed(
            head: head + "Content-Type: \(mediaType)\r\n", body: Array(body.utf8), fields: sample.headers)
    }

    private static func authorization(_ token: String?) -> String {
        token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }

    private static let queryValues = [
        "dry_run": "true", "explain": "true", "revision": "1", "after": "1", "before": "2147483647", "limit": "10",
        "sort": "-name", "fields": "name", "type": "pgw", "server": "app1", "location": "tcn", "state": "ready",
        "kind": "app", "label": "ssd", "name": "tg.1", "actor": "ops", "since": "2026-01-01T00:00:00Z",
        "until": "2027-01-01T00:00:00+01:00", "ready": "",
        "generation": "1", "connections": "true", "variant": "debug", "mark": "good", "size": "10",
        "compressed": "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882",
    ]

    private static let headerValues = [
        "If-None-Match": "\"0123456789abcdef\", W/\"b\"", "If-Match": "*", "Prefer": "respond-async, wait=1; a=b",
        "Portcullis-Gateway": "gw1", "Portcullis-Role": "active", "Portcullis-Applied": "\"a\"",
        "Portcullis-Held": "\"b\"", "Portcullis-Held-Reason": "12 of 20 would go",
        "Portcullis-Held-Decision": "pending",
        "Portcullis-Failures": "3", "Range": "bytes=1-", "If-Range": "\"a\"", "Content-Range": "bytes 0-9/10",
        "A-IM": "vcdiff, merge-patch;q=0.5", "Portcullis-Dumps": "0123456789abcdef01234567.1 none",
    ]

    private static let bodies = [
        "apply": """
        {"servers": [{"name": "app2", "location": "tcn", "kind": "app", "addresses": ["10.1.0.12"]}],
         "egress": [{"location": "tcn", "name": "b", "pool": "www-ip", "from": ["10.2.0.0/16"], "except": []}],
         "remove": {"services": ["tg.1"], "pools": [{"location": "tcn", "name": "www-ip"}], "marks": [256]}}
        """,
        "buildVersion": #"{"server": "app1", "for": 3600}"#,
        "writeLocation": #"{"name": "tcn", "description": "Gr\u00f6ningen \ud83d\ude00"}"#,
        "writePool": #"{"location": "tcn", "name": "www-ip", "addresses": ["198.51.100.36", "2001:db8::36"]}"#,
        "writeEgress": #"{"pool": "www-ip", "from": ["10.1.0.0/16", "fd00:1::/64"], "except": ["10.0.0.0/8"]}"#,
        "writeServer":
            #"{"name": "app1", "location": "tcn", "kind": "app", "addresses": ["10.1.0.11"], "labels": ["a"]}"#,
        "changeServer": #"{"labels": ["ssd", "big"], "addresses": ["10.1.0.11"], "drives": {"d1": "/mnt/d1"}}"#,
        "writeType": type,
        "createService":
            #"{"type": "tg", "location": "tcn", "state": "maint", "weight": null, "version": "1.5.0/debug"}"#,
        "createJob": #"{"kind": "action", "name": "backup", "arguments": ["a", "b"], "for": 60}"#,
        "testNotices": #"{"channel": "ops"}"#,
        "switchService": #"{"to": "tg.2", "demote": "backup", "promote": "promote", "for": 60}"#,
        "createRollout": """
        {"type": "tg", "version": "1.5.0/debug", "services": ["tg.1"], "location": "tcn", "batch": "25%",
         "canaries": 1, "promoteByHand": true, "bake": 30, "deadline": 600, "withoutGateways": ["gw2"]}
        """,
        "changeVariant": #"{"variant": "debug", "bake": 30, "deadline": 600, "withoutGateways": ["gw2"]}"#,
        "resumeRollout": #"{"withoutGateways": ["gw1"]}"#,
        "createJoinToken": #"{"for": 60}"#,
        "join": #"{"token": "portcullis_x", "server": "app1"}"#,
        "reportServer": """
        {"session": "a", "sequence": 1, "report": {"program": "1", "bootedAt": "2027-01-31T00:00:00Z", "services":
         {"tg.1": {"state": "running", "since": "2027-01-31T00:00:00Z", "assigned": true, "restarts": 0}}, "jobs":
         {"1-0123abcd": {"state": "failed", "startedAt": "2027-01-31T00:00:00Z", "output": "x\\n"}}, "drives":
         {"root": {"path": "/srv", "mounted": true, "size": 1, "free": 1}}, "load": 0.5, "memory": 1, "freeMemory": 1,
         "problems": []}}
        """,
        "reportService": """
        {"session": "a", "sequence": 1, "report": {"program": "1", "server": "app1", "pid": 7, "startedAt":
         "2027-01-31T00:00:00Z", "phase": "running", "workers": [{"worker": 1, "pid": 8, "state": "ready", "since":
         "2027-01-31T00:00:00Z", "restarts": 2, "status": "12 devices", "problem": "x"}], "configuration": {"tag":
         "\\"a\\"", "at": "2027-01-31T00:00:00Z", "problem": "x"}, "allowsLua": true, "jobs": {"1-0123abcd": {"state":
         "failed", "startedAt": "2027-01-31T00:00:00Z", "output": "x\\n"}}}}
        """,
        "deliverLogs": """
        {"pieces": [{"stream": "a.1", "after": {"file": "1.2.3", "offset": 5}, "position": {"file": "1.2.4", "offset": 9},
         "change": "rotated", "lost": 2, "text": "x\\u001b[0m\\n", "atEnd": true}]}
        """,
        "reportCrash": """
        {"id": "0123456789abcdef01234567", "service": "tg.1", "version":
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "worker": 2, "pid": 77,
         "at": "2027-01-31T00:00:00Z", "kind": "crashed", "signal": 11, "exitCode": 1, "fingerprint": "0123456789abcdef",
         "program": "/srv/tg", "frames": [{"function": "f", "file": "a.c", "line": 3, "module": "/srv/tg",
         "address": "0x1f"}], "threads": 9, "text": "#0 f\\n\\tx = \\u001b1", "dumpSize": 10, "problem": "it was late"}
        """,
        "deliverDump": "Thread 1\n",
        "scaleType": #"{"count": 3, "location": "tcn"}"#,
        "setStates":
            #"{"state": "drain", "for": 7200, "servers": ["app1"], "services": ["tg.1"], "select": {"type": "tg"}}"#,
        "reportGateway": """
        {"session": "a", "sequence": 1, "report": {"program": "1", "state": "held", "drains": {"a b": {"until":
         "2027-01-31T00:00:00Z", "connections": 3}}, "drainCount": 1, "refusals": {}, "problems": ["x"],
         "draining": {"export": "\"a\"", "connections": {"tg.1": 2}},
         "health": {"inForce": true, "targets": 2, "unknown": 0, "down": {"tg.1/devices": {"target": "10.1.0.11:80",
          "since": "2027-01-31T00:00:00Z", "reason": "connection refused"}}, "downCount": 1, "downInstances": 1}}}
        """,
        "writeService":
            #"{"name": "tg.1", "type": "tg", "index": 1, "server": "app1", "state": "drain", "weight": 1.0e1}"#,
        "changeServices": #"{"services": ["tg.1"], "version": "1.5.0", "desired": "stopped"}"#,
        "changeService": #"{"server": "app1", "state": "ready", "weight": 65535, "desired": "stopped"}"#,
        "createToken":
            #"{"name": "gw9", "role": "gateway", "gateway": "tcn/gw9", "expiresAt": "2100-01-31T00:00:00.5+01:00"}"#,
        "listMissingBlobs":
            #"{"digests": ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]}"#,
        "addServiceVersion": """
        {"manifest": "{\\"format\\": 1, \\"type\\": \\"tg\\", \\"name\\": \\"1.5.0\\", \\"variant\\": \\"release\\",
         \\"files\\": []}", "signatures": []}
        """,
        "addSignature": """
        {"key": "0123456789abcdef", "signature":
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}
        """,
        "markVersion": #"{"mark": "quarantined", "reason": "it fails"}"#,
        "uploadBlob": "0123456789",
        "writeSecret": #"{"value": "x\ty\u0000z"}"#,
    ]

    static let dictionary = [
        "\r\n", "\r\n\r\n", "\n", ": ", ";", ",", "=", "\"", "*", "W/", "/", "//", "/../", "?", "&", "#", "%", "%00",
        "%2F",
        "%FF", "%C3%A9", "+", " ", "\t", "\u{0}", "\u{0301}", "\u{FEFF}", "\u{202E}", "é", "HTTP/1.0", "HTTP/1.1",
        "HTTP/2.0", "GET ", "HEAD ", "PUT ", "OPTIONS * ", "CONNECT ", "http://localhost/v1/services", "Host: a\r\n",
        "Prefer: ;\r\n", "Prefer: wait=60\r\n", "If-None-Match: *\r\n", "If-Match: \"\"\r\n", "Accept: ;q=,/;q=nan\r\n",
        "Accept: */*;q=1e-400\r\n", "Authorization: Bearer\r\n", "Authorization: Bearer x\r\n", "Connection: close\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Expect: 100-continue\r\n", "Content-Length: 0\r\n",
        "Content-Length: 1099511627776\r\n", "Transfer-Encoding: chunked\r\n", "Content-Type: ;\r\n",
        "Content-Encoding: gzip\r\n", "Portcullis-Gateway: gw1\r\n", "dry_run=true", "explain=true", "-1", "0", "1",
        "65536", "2147483648", "9223372036854775808", "99999999999999999999", "1e999", "-0", "0.1e1", "null", "true",
        "[]", "{}", "[[[[[[[[[[", "{\"a\":", "\\u0000", "\\ud800", "\\ud83d\\ude00", "tg.1", "tg.999999999", "tcn",
        "app1",
        "10.1.0.11", "::ffff:10.1.0.11", "fd00::11", "ffff::", "drain", "prune", "anonymous", "portcullis-admin",
    ]
}
