local b='reliable-mqtt:{big}:backlog'
local r=redis.call('LINDEX',b,0)
local tail=tonumber(redis.call('HGET','reliable-mqtt:{big}:header','tail'))
local f=math.floor
for n=tail+1,tail+500000 do
 redis.call('RPUSH',b,string.sub(r,1,1)..string.char(0,f(n/281474976710656)%256,f(n/1099511627776)%256,f(n/4294967296)%256,f(n/16777216)%256,f(n/65536)%256,f(n/256)%256,n%256)..string.sub(r,10))
end
redis.call('HSET','reliable-mqtt:{big}:header','tail',string.format('%.0f',tail+500000),'qbytes',string.format('%.0f',(tail+500000)*#r))
return redis.call('LLEN',b)
