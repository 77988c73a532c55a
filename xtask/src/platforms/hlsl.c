// Compiles HLSL with Windows' own compilers, as wgpu calls them, and says what processor time each
// file took.
//
//   hlsl.exe fxc|dxc PROFILE ENTRY FILE...
//
// Prints "ok MILLISECONDS FILE" or "error MILLISECONDS FILE", after an error the compiler's words. Exit status:
// 0 if every file compiled, 1 if one did not, 2 if the compiler or a file is not there.
#define COBJMACROS
#include <d3dcompiler.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

// Of dxcapi.h, which MinGW does not have: what is called here, at its place in the table of methods.
typedef struct { const void *data; SIZE_T size; UINT encoding; } DxcBuffer;
typedef struct Result Result;
typedef struct {
    void *unknown[3];
    HRESULT(WINAPI *GetStatus)(Result *, HRESULT *);
    void *GetResult;
    HRESULT(WINAPI *GetErrorBuffer)(Result *, ID3DBlob **);
} ResultMethods;
struct Result { const ResultMethods *lpVtbl; };
typedef struct Compiler Compiler;
typedef struct {
    void *unknown[3];
    HRESULT(WINAPI *Compile)(Compiler *, const DxcBuffer *, const WCHAR **, UINT, void *, const GUID *, Result **);
} CompilerMethods;
struct Compiler { const CompilerMethods *lpVtbl; };

static const GUID COMPILER = {0x73e22d93, 0xe6ce, 0x47f3, {0xb5, 0xbf, 0xf0, 0x66, 0x4f, 0x39, 0xc1, 0xb0}};
static const GUID ICOMPILER3 = {0x228b4687, 0x5a6a, 0x4730, {0x90, 0x0c, 0x97, 0x02, 0xb2, 0x20, 0x3f, 0x54}};
static const GUID IRESULT = {0x58346cda, 0xdde7, 0x4497, {0x94, 0x61, 0x6f, 0x87, 0xaf, 0x5e, 0x06, 0x59}};

typedef HRESULT(WINAPI *Fxc)(const void *, SIZE_T, const char *, const void *, void *, const char *, const char *,
                             UINT, UINT, ID3DBlob **, ID3DBlob **);
typedef HRESULT(WINAPI *CreateDxc)(const GUID *, const GUID *, void **);

static Fxc fxc;
static Compiler *dxc;

static void fail(const char *what, const char *which) {
    fprintf(stderr, "%s: %s\n", what, which);
    exit(2);
}

static void open_compiler(const char *name) {
    const int is_fxc = !strcmp(name, "fxc");
    const char *dll = is_fxc ? "d3dcompiler_47.dll" : "dxcompiler.dll";
    HMODULE module = LoadLibraryA(dll);
    if (!module) fail("cannot load", dll);
    FARPROC entry = GetProcAddress(module, is_fxc ? "D3DCompile" : "DxcCreateInstance");
    if (!entry) fail("no entry point in", dll);
    if (is_fxc)
        fxc = (Fxc)entry;
    else if (FAILED(((CreateDxc)entry)(&COMPILER, &ICOMPILER3, (void **)&dxc)))
        fail("no compiler in", dll);
}

static int compile_by_fxc(const char *text, SIZE_T size, const char *profile, const char *entry, ID3DBlob **words) {
    ID3DBlob *code = NULL;
    return SUCCEEDED(fxc(text, size, NULL, NULL, NULL, entry, profile, D3DCOMPILE_ENABLE_STRICTNESS, 0, &code, words));
}

static int compile_by_dxc(const char *text, SIZE_T size, const char *profile, const char *entry, ID3DBlob **words) {
    WCHAR wide_profile[32], wide_entry[128];
    mbstowcs(wide_profile, profile, 32);
    mbstowcs(wide_entry, entry, 128);
    const WCHAR *arguments[] = {L"-T", wide_profile, L"-E", wide_entry, L"-HV", L"2018", L"-no-warnings", L"-Ges"};
    const DxcBuffer source = {text, size, CP_UTF8};
    Result *result = NULL;
    HRESULT status = E_FAIL;
    if (FAILED(dxc->lpVtbl->Compile(dxc, &source, arguments, 8, NULL, &IRESULT, (Result **)&result))) return 0;
    result->lpVtbl->GetStatus(result, &status);
    result->lpVtbl->GetErrorBuffer(result, words);
    return SUCCEEDED(status);
}

static char *read_file(const char *path, SIZE_T *size) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("cannot open", path);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *text = malloc(*size + 1);
    if (!text || fread(text, 1, *size, file) != *size) fail("cannot read", path);
    fclose(file);
    return text;
}

// What takes longer is tried again, and the least counts: whoever shares a processor's caches and units makes it slower.
#define LONG_MS 3500
#define TRIES 8

// Processor time: a busy machine makes no compiler slow.
static ULONGLONG milliseconds(void) {
    FILETIME made, ended, kernel, user;
    GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user);
    return ((((ULONGLONG)kernel.dwHighDateTime + user.dwHighDateTime) << 32) +
            (ULONGLONG)kernel.dwLowDateTime + user.dwLowDateTime) / 10000;
}

int main(int count, char **words) {
    if (count < 5) fail("usage", "hlsl.exe fxc|dxc PROFILE ENTRY FILE...");
    open_compiler(words[1]);
    int status = 0;
    for (int i = 4; i < count; i++) {
        SIZE_T size;
        char *text = read_file(words[i], &size);
        ID3DBlob *said = NULL;
        int ok = 0;
        ULONGLONG least = ~0ULL;
        for (int tries = 0; tries < TRIES && least > LONG_MS; tries++) {
            const ULONGLONG start = milliseconds();
            ok = (fxc ? compile_by_fxc : compile_by_dxc)(text, size, words[2], words[3], &said);
            const ULONGLONG took = milliseconds() - start;
            if (took < least) least = took;
            if (!ok) break;
        }
        printf("%s %llu %s\n", ok ? "ok" : "error", least, words[i]);
        if (!ok && said) printf("%.*s\n", (int)ID3D10Blob_GetBufferSize(said), (char *)ID3D10Blob_GetBufferPointer(said));
        fflush(stdout);
        status |= !ok;
        free(text);
    }
    return status;
}
