# Lets Mail::DKIM judge messages, with DNS answered by one server only.
#
# usage: perl verify_maildkim.pl DNS_PORT received.eml...
#
# Prints one JSON object per message, in order:
# {"arc": "pass|fail|none", "reason": "...", "dkim": [{"d": "...", "s": "...", "result": "...", "reason": "..."}]}

use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

my $port = shift;
Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $port, recurse => 1));

sub verified {
    my ($class, $message) = @_;
    my $verifier = $class->new(Strict => 1);
    $verifier->PRINT($message);
    $verifier->CLOSE();
    return $verifier;
}

sub text { my ($text) = @_; utf8::upgrade($text //= ''); return $text }

# Whatever it raises is its verdict.
sub arc {
    my ($message) = @_;
    my $verifier = eval { verified('Mail::DKIM::ARC::Verifier', $message) };
    return ('fail', "error: $@") unless $verifier;
    my $result = $verifier->result || 'none';
    return ($result =~ /^(?:pass|none)$/ ? $result : 'fail', "$result: " . ($verifier->{details} // ''));
}

sub dkim {
    my ($message) = @_;
    my $verifier = eval { verified('Mail::DKIM::Verifier', $message) };
    return ({ d => '', s => '', result => 'fail', reason => text("error: $@") }) unless $verifier;
    return map {
        { d => text($_->domain), s => text($_->selector), result => text($_->result), reason => text($_->result_detail) }
    } $verifier->signatures;
}

my $json = JSON::PP->new->ascii->canonical;
for my $path (@ARGV) {
    open my $file, '<:raw', $path or die "$path: $!";
    my $message = do { local $/; <$file> };
    my ($arc, $reason) = arc($message);
    print $json->encode({ arc => $arc, reason => text($reason), dkim => [dkim($message)] }), "\n";
}
