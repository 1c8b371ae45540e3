import Names
import NetworkTypes
import Text
import YAML

extension MetaConfigurationReader {
    /// `{command: [bin/pgw, --serve], environment: {A: b}, stop-signal: TERM, stop-timeout: 30s, ready: notify}`
    mutating func run(_ node: YAMLNode) -> RunSection? {
        let keys = [
            "command", "environment", "stop-signal", "stop-timeout", "ready", "start-timeout", "workers", "reload",
            "watchdog", "inherit",
        ]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "how to run a service") else { return nil }
        let command = diagnostics.required("command", of: mapping) { node throws(YAMLError) in
            try Self.program(node)
        }
        var section = RunSection(command: command ?? [])
        section.environment = environment(mapping["environment"])
        let signal = diagnostics.optional(mapping["stop-signal"]) { node throws(YAMLError) in
            try node.choice(StopSignal.self, "signal")
        }
        section.stopSignal = signal ?? section.stopSignal
        section.stopTimeout = seconds(mapping["stop-timeout"], RunSection.timeouts) ?? section.stopTimeout
        section.startTimeout = seconds(mapping["start-timeout"], RunSection.timeouts) ?? section.startTimeout
        section.ready = mapping["ready"].flatMap { readiness($0) } ?? section.ready
        let workers = diagnostics.optional(mapping["workers"]) { node throws(YAMLError) in
            try node.integer("a number of workers", in: RunSection.numbersOfWorkers)
        }
        section.workers = workers ?? section.workers
        section.reload = mapping["reload"].flatMap { reload($0) }
        section.watchdog = seconds(mapping["watchdog"], RunSection.watchdogs)
        let inheritance = diagnostics.optional(mapping["inherit"]) { node throws(YAMLError) in
            try node.choice(SocketInheritance.self, "way to inherit sockets")
        }
        section.inheritance = inheritance ?? section.inheritance
        if case .time(let time) = section.ready, time > section.startTimeout {
            diagnostics.report(
                mapping.keyPosition("ready"), "\"ready\" waits longer than \"start-timeout\" (\(section.startTimeout)s)"
            )
        }
        return command == nil ? nil : section
    }

    /// `notify`, or a mapping with `port` or `after`.
    private mutating func readiness(_ node: YAMLNode) -> RunSection.Readiness? {
        if let text = node.scalar?.text {
            guard text.isExactly("notify") else {
                diagnostics.report(node.unexpected("notify, {port: 8080} or {after: 5s}"))
                return nil
            }
            return .notify
        }
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["port", "after"], "when it is ready") else {
            return nil
        }
        switch (mapping["port"], mapping["after"]) {
        case (let node?, nil):
            return diagnostics.attempt { () throws(YAMLError) in .port(try node.port()) }
        case (nil, let node?):
            return seconds(node, RunSection.Readiness.times).map { .time(seconds: $0) }
        default:
            diagnostics.report(node.position, "\"ready\" has either \"port\" or \"after\"")
            return nil
        }
    }

    /// `restart`, `none`, or a mapping with `signal`.
    private mutating func reload(_ node: YAMLNode) -> RunSection.Reload? {
        if let text = node.scalar?.text {
            if text.isExactly("restart") { return .restart }
            if text.isExactly("none") { return .nothing }
            diagnostics.report(node.unexpected("{signal: HUP}, restart or none"))
            return nil
        }
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["signal"], "how to reload") else { return nil }
        let signal = diagnostics.required("signal", of: mapping) { node throws(YAMLError) in
            try node.choice(StopSignal.self, "signal")
        }
        return signal.map { .signal($0) }
    }

    mutating func seconds(_ node: YAMLNode?, _ range: ClosedRange<Int>) -> Int? {
        diagnostics.optional(node) { node throws(YAMLError) in try node.seconds("a time", in: range) }
    }

    /// A program of the version, or of the server by its absolute path, with its arguments.
    private static func program(_ node: YAMLNode) throws(YAMLError) -> [String] {
        let nodes = try node.oneOrMore("a program with its arguments")
        guard nodes.count <= CommandRule.mostWords else {
            throw YAMLError(node.position, "a command has at most \(CommandRule.mostWords) words")
        }
        let program = try nodes[0].text("a program")
        if let problem = CommandRule.problem(withProgram: program) {
            throw YAMLError(nodes[0].position, "\(nodes[0].summary) \(problem)")
        }
        return [program]
            + (try nodes.dropFirst().map { node throws(YAMLError) in
                let word = try node.text("an argument")
                if let problem = CommandRule.problem(withArgument: word) {
                    throw YAMLError(node.position, "an argument \(problem)")
                }
                return word
            })
    }

    /// `{NAME: value}`
    mutating func environment(_ node: YAMLNode?) -> [EnvironmentVariable] {
        let mapping = diagnostics.optional(node) { node throws(YAMLError) in
            try node.mapping("a mapping of variables")
        }
        guard let mapping else { return [] }
        guard mapping.pairs.count <= EnvironmentVariable.most else {
            diagnostics.report(mapping.position, "more than \(EnvironmentVariable.most) variables")
            return []
        }
        return mapping.pairs.compactMap { pair in
            if let problem = EnvironmentVariable.problem(withName: pair.key.text) {
                diagnostics.report(pair.key.position, "\(pair.key.text.printed()) \(problem)")
                return nil
            }
            let value = diagnostics.attempt { () throws(YAMLError) in
                let value = try pair.value.text("a text")
                if let problem = EnvironmentVariable.problem(withValue: value) {
                    throw YAMLError(pair.value.position, "the value \(problem)")
                }
                return value
            }
            return value.map { EnvironmentVariable(name: pair.key.text, value: $0) }
        }.sorted { ExactText($0.name) < ExactText($1.name) }
    }

    /// `[{name: http, port: 8080}, {name: devices, ports: 5000-5010, protocol: udp, address: "::1"}]`
    mutating func listen(_ node: YAMLNode, workers: Int) -> [ListeningSocket] {
        let nodes = limited(list(node, "a list of sockets"), ListeningSocket.most, "sockets")
        var sockets: [ListeningSocket] = []
        for node in nodes {
            guard let socket = socket(node) else { continue }
            if sockets.contains(where: { $0.name.isExactly(socket.name) }) {
                diagnostics.report(node.position, "a socket \"\(socket.name)\" is there already")
            }
            if let other = sockets.first(where: { $0.overlaps(socket) }) {
                diagnostics.report(
                    node.position,
                    "\(socket.transport.rawValue) port \(socket.ports) is there already, of "
                        + "\"\(other.name)\"")
            }
            sockets.append(socket)
        }
        if let problem = ListeningSocket.problem(with: sockets, workers: workers) {
            diagnostics.report(node.position, "\(problem)")
        }
        return sockets
    }

    private mutating func socket(_ node: YAMLNode) -> ListeningSocket? {
        let keys = ["name", "port", "ports", "protocol", "address"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a socket") else { return nil }
        let name = diagnostics.required("name", of: mapping) { node throws(YAMLError) in
            try node.objectName(.socket, "the name of a socket")
        }
        let ports: PortRange?
        switch (mapping["port"], mapping["ports"]) {
        case (let node?, nil):
            ports = diagnostics.attempt { () throws(YAMLError) in
                if let scalar = node.scalar, let range = PortRange(scalar.text), !range.isSinglePort {
                    throw YAMLError(node.position, "\(node.summary) is a range of ports, which stands in \"ports\"")
                }
                return PortRange(try node.port())
            }.flatMap(\.self)
        case (nil, let node?):
            ports = diagnostics.attempt { () throws(YAMLError) in
                guard let range = PortRange(try node.text("a range of ports")) else {
                    throw node.unexpected("a range of ports as 5000-5010")
                }
                return range
            }
        case (nil, nil):
            diagnostics.report(mapping.position, "the key \"port\" is missing")
            ports = nil
        default:
            diagnostics.report(mapping.keyPosition("ports"), "a socket has either \"port\" or \"ports\"")
            ports = nil
        }
        let transport = diagnostics.optional(mapping["protocol"]) { node throws(YAMLError) in
            try node.choice(ListeningSocket.Transport.self, "protocol")
        }
        let address = diagnostics.optional(mapping["address"]) { node throws(YAMLError) in
            guard let address = IPAddress(try node.text("an address")) else {
                throw node.unexpected("an IPv4 or IPv6 address")
            }
            return address
        }
        guard let name, let ports else { return nil }
        return ListeningSocket(name: name, transport: transport ?? .tcp, ports: ports, address: address)
    }

    /// `[{name: backup, command: [bin/backup], arguments: [{name: kind, words: [full, fast]}], every: 24h}]`
    mutating func actions(_ node: YAMLNode) -> [ServiceAction] {
        var names = Set<ExactText>()
        return limited(list(node, "a list of actions"), ServiceAction.most, "actions").compactMap { node in
            let keys = ["name", "command", "arguments", "timeout", "every"]
            guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "an action") else { return nil }
            let name = diagnostics.required("name", of: mapping) { node throws(YAMLError) in
                try node.objectName(.action, "the name of an action")
            }
            let command = diagnostics.required("command", of: mapping) { node throws(YAMLError) in
                try Self.program(node)
            }
            guard let name, let command else { return nil }
            var action = ServiceAction(name: name, command: command)
            action.arguments = mapping["arguments"].map { arguments(list($0, "a list of arguments")) } ?? []
            action.timeout = seconds(mapping["timeout"], ServiceAction.timeouts) ?? action.timeout
            action.every = seconds(mapping["every"], ServiceAction.intervals)
            if !names.insert(ExactText(name)).inserted {
                diagnostics.report(node.position, "an action \"\(name)\" is there already")
            }
            if let problem = ServiceAction.problem(with: action.arguments, every: action.every) {
                diagnostics.report(node.position, "the action \(problem)")
            }
            return action
        }
    }

    private mutating func arguments(_ nodes: [YAMLNode]) -> [ActionArgument] {
        limited(nodes, ServiceAction.mostArguments, "arguments").compactMap { argument($0) }
    }

    private mutating func argument(_ node: YAMLNode) -> ActionArgument? {
        let keys = ["name", "words", "number", "text", "optional"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "an argument") else { return nil }
        let name = diagnostics.required("name", of: mapping) { node throws(YAMLError) in
            try node.objectName(.argument, "the name of an argument")
        }
        let isOptional = diagnostics.optional(mapping["optional"]) { node throws(YAMLError) in try node.boolean() }
        let kind: ActionArgument.Kind?
        switch (mapping["words"], mapping["number"], mapping["text"]) {
        case (let node?, nil, nil): kind = words(node)
        case (nil, let node?, nil): kind = number(node)
        case (nil, nil, let node?):
            kind = diagnostics.attempt { () throws(YAMLError) in
                .text(longest: try node.integer("a length in bytes", in: ActionArgument.Kind.lengths))
            }
        default:
            diagnostics.report(node.position, "an argument has one of \"words\", \"number\" and \"text\"")
            kind = nil
        }
        guard let name, let kind else { return nil }
        return ActionArgument(name: name, kind: kind, isOptional: isOptional ?? false)
    }

    private mutating func words(_ node: YAMLNode) -> ActionArgument.Kind? {
        let words = uniqueList(node, "a list of words") { node throws(YAMLError) in
            let word = try node.text("a word")
            if let problem = ActionArgument.Kind.problem(withWord: word) {
                throw YAMLError(node.position, "\(node.summary) \(problem)")
            }
            return ExactText(word)
        }
        guard !words.isEmpty else { return nil }
        return .words(Array(limited(words, ActionArgument.Kind.mostWords, "words", at: node.position)))
    }

    private mutating func number(_ node: YAMLNode) -> ActionArgument.Kind? {
        diagnostics.attempt { () throws(YAMLError) in
            let nodes = try node.sequence("the lowest and the highest number, as [1, 100]")
            guard nodes.count == 2 else { throw node.unexpected("the lowest and the highest number, as [1, 100]") }
            let lowest = try nodes[0].integer("a whole number")
            return .number(lowest...(try nodes[1].integer("a whole number", in: lowest ... .max)))
        }
    }

    /// `{memory: 2G, cpu: 200%, open-files: 65536, processes: 512}`
    mutating func limits(_ node: YAMLNode) -> ServiceLimits? {
        let keys = ["memory", "cpu", "open-files", "processes"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "limits") else { return nil }
        return ServiceLimits(
            memory: diagnostics.optional(mapping["memory"]) { node throws(YAMLError) in try node.memory() },
            cpu: diagnostics.optional(mapping["cpu"]) { node throws(YAMLError) in try node.share() },
            openFiles: diagnostics.optional(mapping["open-files"]) { node throws(YAMLError) in
                try node.integer("a number of open files", in: ServiceLimits.files)
            },
            processes: diagnostics.optional(mapping["processes"]) { node throws(YAMLError) in
                try node.integer("a number of processes", in: ServiceLimits.numbersOfProcesses)
            })
    }

    mutating func user(_ node: YAMLNode?) -> String? {
        diagnostics.optional(node) { node throws(YAMLError) in
            let name = try node.text("the name of a user")
            if let problem = UserName.problem(with: name) {
                throw YAMLError(node.position, "\(node.summary) \(problem)")
            }
            return name
        }
    }

    private mutating func limited<Value>(
        _ values: [Value], _ most: Int, _ what: String, at place: YAMLPosition
    ) -> ArraySlice<Value> {
        if values.count > most { diagnostics.report(place, "more than \(most) \(what)") }
        return values.prefix(most)
    }

    private mutating func limited(_ nodes: [YAMLNode], _ most: Int, _ what: String) -> ArraySlice<YAMLNode> {
        guard nodes.count > most else { return nodes[...] }
        return limited(nodes, most, what, at: nodes[most].position)
    }
}

extension YAMLNode {
    /// `512M`, `2G`, `1T`, or bytes.
    fileprivate func memory() throws(YAMLError) -> Int {
        let text = try text("an amount of memory").utf8
        let units: [UInt8: Int] = [
            UInt8(ascii: "K"): 10, UInt8(ascii: "M"): 20, UInt8(ascii: "G"): 30, UInt8(ascii: "T"): 40,
        ]
        let shift = text.last.flatMap { units[$0] }
        let digits = shift == nil ? text[...] : text.dropLast()
        guard digits.count <= 15, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(String(Substring(digits)))
        else { throw unexpected("an amount of memory as 512M or 2G") }
        let bytes = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
        guard !bytes.overflow, ServiceLimits.memories.contains(bytes.partialValue) else {
            throw unexpected("an amount of memory from 1M to 16T")
        }
        return bytes.partialValue
    }

    /// `150%`: one and a half cores.
    fileprivate func share() throws(YAMLError) -> Int {
        let text = try text("a share of a core").utf8
        guard text.last == UInt8(ascii: "%"), text.count <= 8,
            text.dropLast().allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(String(Substring(text.dropLast()))), ServiceLimits.shares.contains(number)
        else { throw unexpected("a share of a core in percent, as 150%") }
        return number
    }
}
