//! What a reader of unpreprocessed C must be told, because macros say it.

use std::collections::HashSet;

/// Words that mean something to the parser. [`Hints::default`] has those of the kernel's sources.
#[derive(Clone, Debug)]
pub struct Hints {
    /// Attribute words: they are passed over, with their arguments where they have some.
    pub attributes: HashSet<String>,
    /// Attribute words that change what a variable does; [`Variable::attributes`](crate::Variable) keeps them.
    pub meaningful: HashSet<String>,
    /// Names of types beside those that the text itself defines. A name that ends in `_t` is one without being
    /// told, unless a parenthesis follows.
    pub types: HashSet<String>,
    /// Parts of the names of macros that head a statement without braces.
    pub loops: Vec<String>,
}

const ATTRIBUTES: &str = "
    CRYPTO_MINALIGN_ATTR EXPORT_FOR_TESTS STATIC ____cacheline_aligned ____cacheline_aligned_in_smp
    ____cacheline_internodealigned_in_smp __acquires __acquires_shared __aligned __alloc_size
    __always_inline __always_unused __assume_aligned __assume_kmalloc_alignment __assume_page_alignment
    __assume_slab_alignment __attribute __attribute__ __attribute_const__ __bitwise __bpf_kfunc
    __cacheline_aligned __cacheline_aligned_in_smp __cold __compiletime_error __compiletime_warning
    __cond_acquires __counted_by __counted_by_be __counted_by_le __deprecated __designated_init __exit
    __exitdata __flatten __force __fortify_function __gnu_inline __head __hot __init __init_or_module
    __initconst __initdata __initdata_memblock __initdata_or_meminfo __iomem __kprobes __latent_entropy
    __malloc __maybe_unused __meminit __meminitdata __mode __must_check __must_hold __must_hold_shared
    __naked __net_exit __net_init __net_initdata __no_kasan_or_inline __no_kcsan __no_profile
    __no_randomize_layout __no_sanitize_address __no_sanitize_memory __no_sanitize_thread
    __no_sanitize_undefined __nocast __nocfi __noclone __nonstring __noreturn __overloadable __packed
    __page_aligned_bss __page_aligned_data __percpu __printf __private __pure __randomize_layout __rcu
    __read_mostly __realloc_size __ref __refconst __refdata __releases __releases_shared __ro_after_init
    __safe __scanf __sched __section __signed_wrap __unused __used __user __visible __weak asmlinkage
    fallthrough fastcall forceinline noinline noinline_for_stack noinline_for_tracing noinstr
    nokprobe_inline notrace randomized_struct_fields_end randomized_struct_fields_start
";

const MEANINGFUL: &str = "__free __cleanup";

const TYPES: &str = "
    u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64
    __le16 __le32 __le64 __be16 __be32 __be64 uint ulong ushort unchar va_list
";

impl Default for Hints {
    fn default() -> Hints {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Hints {
            attributes: words(ATTRIBUTES),
            meaningful: words(MEANINGFUL),
            types: words(TYPES),
            loops: vec!["for_each".to_owned(), "foreach".to_owned()],
        }
    }
}
