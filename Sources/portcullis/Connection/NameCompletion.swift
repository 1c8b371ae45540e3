import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import JSON
import Text

/// Names that a shell completes, as ADMIN knows them.
enum CompletedName: Sendable {
    case services, servers, types, locations, gateways
    /// `tcn/gw1`
    case gatewaysWithLocations
    /// The pools of the location that stands before them on the command line, or of all locations.
    case pools
    /// The egress rules, likewise.
    case egress
    /// The versions of the type that stands before them on the command line.
    case versions
    /// The numbers of rollouts.
    case rollouts
    /// The fingerprints of crashes.
    case crashes

    /// How long a shell waits for names. Then there are none: a key that is pressed must not hang.
    static let limit = Duration.milliseconds(900)

    /// The names that begin with `prefix`; none when ADMIN does not tell them in time.
    ///
    /// - Parameter words: the words of the command line so far.
    func completions(of prefix: String, _ words: [String]) async -> [String] {
        await withTaskGroup(of: [String].self) { group in
            group.addTask { (try? await names(prefix, words)) ?? [] }
            group.addTask {
                try? await Task.sleep(for: Self.limit)
                return []
            }
            let found = await group.next() ?? []
            group.cancelAll()
            return found.filter { $0.hasBytePrefix(prefix) && $0.printable.isExactly($0) }
        }
    }

    private func names(_ prefix: String, _ words: [String]) async throws -> [String] {
        let options = try ConnectionOptions.parse(Self.connectionWords(words) + ["--timeout", "1"])
        let client = try AdminResources(try Settings.resolve(options, .ofProcess()))
        do {
            let found = try await names(prefix, words, client)
            await client.shutdown()
            return found
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func names(_ prefix: String, _ words: [String], _ client: AdminResources) async throws -> [String] {
        switch self {
        case .services:
            // Of many services only those of the type that was typed.
            let type = prefix.hasByte(".") ? prefix.splitBytes(".").first.map(String.init) : nil
            let filter = type.map { [(QueryParameter.type, $0)] } ?? []
            return try await client.members("name", of: .services, filter + [(QueryParameter.fields, "name")])
        case .servers: return try await client.members("name", of: .servers, [(QueryParameter.fields, "name")])
        case .types: return try await client.members("type", of: .types, [(QueryParameter.fields, "type")])
        case .gateways: return try await client.members("name", of: .gateways, [(QueryParameter.fields, "name")])
        case .gatewaysWithLocations: return try await client.gateways().map { "\($0.location)/\($0.name)" }
        case .locations: return try await client.members("name", of: .locations, [])
        case .rollouts: return try await client.members("id", of: .rollouts, [])
        case .crashes:
            return try await client.members("fingerprint", of: .crashes, [(QueryParameter.fields, "fingerprint")])
        case .pools:
            return try await namesOfLocations(words, client) { try await client.pools(of: $0).map(\.name) }
        case .egress:
            return try await namesOfLocations(words, client) { try await client.egress(of: $0).map(\.name) }
        case .versions:
            let versions: [ServiceVersion] = try await client.value(AdminRequest(.get, .versions))
            return versions.filter { version in words.contains { $0.isExactly(version.type) } }
                .map { VersionArgument.text($0.name, $0.variant) }
        }
    }

    /// Names at the locations that stand on the command line, or at all.
    private func namesOfLocations(
        _ words: [String], _ client: AdminResources, _ names: (String) async throws -> [String]
    ) async throws -> [String] {
        let locations = try await client.locations().map(\.name)
        let named = locations.filter { location in words.contains { $0.isExactly(location) } }
        var found = [String]()
        for location in named.isEmpty ? locations : named { found += try await names(location) }
        return found
    }

    /// The options that say where ADMIN is, as they stand on the command line.
    private static func connectionWords(_ words: [String]) -> [String] {
        let options = ["--admin-url", "--token-file", "--ca-file", "--context"]
        return words.indices.flatMap { index -> [String] in
            let word = words[index]
            if options.contains(where: { word.hasBytePrefix("\($0)=") }) { return [word] }
            guard options.contains(where: word.isExactly), index + 1 < words.count else { return [] }
            return [word, words[index + 1]]
        }
    }
}

extension CompletionKind {
    /// Names that ADMIN knows.
    static func names(_ names: CompletedName) -> CompletionKind {
        .custom { words, _, prefix in await names.completions(of: prefix, words) }
    }
}

/// The scope of a token has names that ADMIN knows.
enum NamesOfADMIN: ScopeNames {
    static var locations: CompletionKind? { .names(.locations) }
    static var types: CompletionKind? { .names(.types) }
}

extension AdminResources {
    /// A member of each element of a list.
    fileprivate func members(_ member: String, of path: APIPath, _ query: [(String, String)]) async throws -> [String] {
        let request = AdminRequest(.get, path, query: query)
        guard case .array(let elements) = try JSONParser.parse(try await content(MediaType.json, request)) else {
            return []
        }
        return elements.compactMap { $0[member]?.string }
    }
}
